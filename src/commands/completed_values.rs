//! Values that only this installation knows: the completion scripts ask the program for feeds, data spaces and contexts.
//!
//! The library's own way to do so is not stable, so a few lines are added to the scripts that it makes.

use clap_complete::Shell;

/// Which values the last word of a line is one of, by the words before it; the rest is left to the script of the library.
const BASH: &str = r#"
_commerce_connector_values() {
    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" of="" word
    case "$prev" in
        --feed) of=feeds ;;
        --context) of=contexts ;;
        select|rename) [[ " ${COMP_WORDS[*]} " == *" data-spaces "* ]] && of=data-spaces ;;
        use|remove) [[ " ${COMP_WORDS[*]} " == *" contexts "* ]] && of=contexts ;;
    esac
    if [[ -z "$of" || "$cur" == -* ]]; then
        _commerce__connector "$@"
        return
    fi
    local before=""
    [[ "$of" == feeds && "$cur" == *,* ]] && before="${cur%,*},"
    COMPREPLY=()
    while IFS= read -r word; do
        [[ "$before$word" == "$cur"* ]] && COMPREPLY+=("$before$word")
    done < <("${COMP_WORDS[0]}" complete-values "$of" 2>/dev/null)
}
complete -F _commerce_connector_values -o bashdefault -o default commerce-connector
"#;

/// The shell calls it with what `compadd` is to be told, and then with what the value is one of.
const ZSH: &str = r#"
_commerce-connector_values() {
    local -a values
    values=(${(f)"$(commerce-connector complete-values $argv[-1] 2>/dev/null)"})
    [[ $argv[-1] == feeds ]] && compset -P '*,'
    compadd "${(@)argv[1,-2]}" -a values
}
"#;

const FISH: &str = r#"
complete -c commerce-connector -l feed -x -a "(commerce-connector complete-values feeds)"
complete -c commerce-connector -l context -x -a "(commerce-connector complete-values contexts)"
complete -c commerce-connector -n "__fish_seen_subcommand_from data-spaces; and __fish_seen_subcommand_from select rename" -f -a "(commerce-connector complete-values data-spaces)"
complete -c commerce-connector -n "__fish_seen_subcommand_from contexts; and __fish_seen_subcommand_from use remove" -f -a "(commerce-connector complete-values contexts)"
"#;

/// Where the script of zsh leaves a value to its default, and what it is one of: the beginnings of its lines.
const IN_ZSH: [(&str, &str); 6] = [
    ("'*--feed=", "feeds"),
    ("'--feed=", "feeds"),
    ("'--context=", "contexts"),
    ("':data_space --", "data-spaces"),
    ("'::name -- The context", "contexts"),
    ("':name -- The context", "contexts"),
];

/// The script with what asks the program.
pub fn asked_for(shell: Shell, script: &str) -> String {
    match shell {
        Shell::Bash => format!("{script}{BASH}"),
        Shell::Fish => format!("{script}{FISH}"),
        _ => in_zsh(script),
    }
}

fn in_zsh(script: &str) -> String {
    let mut text = String::new();
    for line in script.lines() {
        let of = IN_ZSH.iter().find(|(begin, _)| line.starts_with(begin)).map(|(_, of)| of);
        match (of, line.find(":_default'")) {
            (Some(of), Some(at)) => {
                let (before, after) = line.split_at(at);
                text.extend([before, ":_commerce-connector_values ", of, "'", &after[":_default'".len()..]]);
            }
            _ => text.push_str(line),
        }
        text.push('\n');
        if line.starts_with("autoload") {
            text.push_str(ZSH);
        }
    }
    text
}
