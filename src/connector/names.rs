//! What a project or a data space may be called.

use crate::error::Problem;
use crate::untrusted::SafeText;

/// The longest name of a project or data space, in characters; the registry publishes no limit.
const NAME_LIMIT: usize = 255;

/// Names that Adobe asks not to give a project (protocol page §2).
const SERVICE_NAMES: [&str; 3] = ["Live Search", "Product Recommendations", "Data Connection"];

/// Checks the name of a data space.
pub fn check_name(name: &str) -> Result<&str, Problem> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Problem::usage("the name is empty"));
    }
    if name.chars().count() > NAME_LIMIT {
        return Err(Problem::usage(format!("the name is longer than {NAME_LIMIT} characters")));
    }
    if SafeText::new(name).as_str() != name {
        return Err(Problem::usage("the name has invisible control characters").hint("type it instead of pasting it"));
    }
    Ok(name)
}

/// Checks the name of a project, which must not be that of a service (protocol page §2).
pub fn check_project_name(name: &str) -> Result<&str, Problem> {
    let name = check_name(name)?;
    if let Some(service) = SERVICE_NAMES.iter().find(|service| name.eq_ignore_ascii_case(service)) {
        return Err(Problem::usage(format!("{service} is the name of a service, not of a project"))
            .hint("name the project after the shop"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Exit;

    #[test]
    fn names_are_checked() {
        assert_eq!(check_project_name("  My shop ").expect("good"), "My shop");
        assert_eq!(check_project_name("live search").expect_err("a service").exit, Exit::Usage);
        assert!(check_name("Live Search").is_ok(), "only projects must not be named so");
        assert!(check_name(" ").is_err());
        assert!(check_name("a\u{202e}b").is_err());
        assert!(check_name(&"x".repeat(256)).is_err());
    }
}
