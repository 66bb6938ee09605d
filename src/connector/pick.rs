//! Which project or data space a person means: by id, number in the list, name, or the beginning of an id or a name.

use crate::connector::Connector;
use crate::domain::{DataSpace, DataSpaceId, Project, ProjectId};
use crate::error::Problem;
use crate::remedy::Remedy;

/// How many of the candidates a refusal names.
const MOST_NAMED: usize = 5;

impl Connector {
    /// The data space that `word` stands for.
    ///
    /// # Errors
    /// A [`Problem`]: several match, or none does and it is no id either, or the registry does not answer.
    pub async fn data_space_of(&self, word: &str) -> Result<DataSpaceId, Problem> {
        let projects = self.projects().await?;
        let spaces =
            || projects.iter().flat_map(|project| project.data_spaces.iter().map(move |space| (project, space)));
        let entry = |(project, space): (&'_ Project, &'_ DataSpace)| Entry {
            id: space.id.to_string(),
            name: space.name.to_string(),
            of: Some(project.name.to_string()),
        };
        let entries: Vec<Entry> = spaces().map(entry).collect();
        let place = pick("data space", &entries, word)?;
        match place.and_then(|place| spaces().nth(place)) {
            Some((_, space)) => Ok(space.id.clone()),
            None => word.parse().map_err(|_| unknown("data space", word)),
        }
    }

    /// The project that `word` stands for.
    ///
    /// # Errors
    /// A [`Problem`]: several match, or none does and it is no id either, or the registry does not answer.
    pub async fn project_of(&self, word: &str) -> Result<ProjectId, Problem> {
        let projects = self.projects().await?;
        let entry = |project: &Project| Entry { id: project.id.to_string(), name: project.name.to_string(), of: None };
        let entries: Vec<Entry> = projects.iter().map(entry).collect();
        match pick("project", &entries, word)?.and_then(|place| projects.get(place)) {
            Some(project) => Ok(project.id.clone()),
            // An id that is not in the list is for the registry to judge.
            None => word.parse().map_err(|_| unknown("project", word)),
        }
    }
}

/// One of those that can be meant.
struct Entry {
    id: String,
    name: String,
    /// The project's name, of a data space.
    of: Option<String>,
}

/// Whether an entry is meant, by its place in the list and by itself.
type IsMeant<'a> = dyn Fn(usize, &Entry) -> bool + 'a;

/// Which of them a word stands for: the first kind of match that finds any decides, and must find one only.
fn pick(what: &str, entries: &[Entry], word: &str) -> Result<Option<usize>, Problem> {
    let word = word.trim();
    let wanted = word.to_lowercase();
    let begins = |text: &str| text.to_lowercase().starts_with(&wanted);
    let number = word.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let kinds: [&IsMeant<'_>; 4] = [
        &|_, entry| entry.id == word,
        &|_, entry| entry.name.to_lowercase() == wanted,
        &|place, _| Some(place) == number,
        &|_, entry| !wanted.is_empty() && (begins(&entry.id) || begins(&entry.name)),
    ];
    for is_meant in kinds {
        let meant: Vec<(usize, &Entry)> =
            entries.iter().enumerate().filter(|(place, entry)| is_meant(*place, entry)).collect();
        match meant.as_slice() {
            [] => {}
            [(place, _)] => return Ok(Some(*place)),
            many => return Err(several(what, many, word)),
        }
    }
    Ok(None)
}

fn unknown(what: &str, word: &str) -> Problem {
    Problem::usage(format!("no {what} {word:?} is visible to these keys")).hint(Remedy::ListDataSpaces)
}

fn several(what: &str, many: &[(usize, &Entry)], word: &str) -> Problem {
    let name = |(_, entry): &(usize, &Entry)| match &entry.of {
        Some(project) => format!("{} of {project} ({})", entry.name, entry.id),
        None => format!("{} ({})", entry.name, entry.id),
    };
    let mut names: Vec<String> = many.iter().take(MOST_NAMED).map(name).collect();
    if many.len() > MOST_NAMED {
        names.push(format!("{} more", many.len() - MOST_NAMED));
    }
    Problem::usage(format!("{} {what}s match {word:?}: {}", many.len(), names.join(", "))).hint(Remedy::ListDataSpaces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> [Entry; 4] {
        let of = |id: &str, name: &str, of: &str| Entry { id: id.into(), name: name.into(), of: Some(of.into()) };
        [
            of("2f-live", "Production", "Luma"),
            of("2f-one", "Testing 1", "Luma"),
            of("9c-live", "Production", "Venia"),
            of("4", "2", "Venia"),
        ]
    }

    fn meant(word: &str) -> Result<Option<String>, String> {
        let entries = entries();
        let place = pick("data space", &entries, word).map_err(|problem| problem.what)?;
        Ok(place.map(|place| entries[place].id.clone()))
    }

    #[test]
    fn an_id_a_name_a_number_or_a_beginning_will_do() {
        // An id comes before a number, and so does a name.
        let wanted = [
            ("2f-one", "2f-one"),
            ("testing 1", "2f-one"),
            ("test", "2f-one"),
            ("9C", "9c-live"),
            ("3", "9c-live"),
            ("4", "4"),
            ("2", "4"),
        ];
        for (word, id) in wanted {
            assert_eq!(meant(word), Ok(Some(id.to_owned())), "{word}");
        }
    }

    #[test]
    fn what_is_not_clear_is_refused_with_the_ids() {
        let refusal = meant("production").unwrap_err();
        let wanted = "2 data spaces match \"production\": Production of Luma (2f-live), Production of Venia (9c-live)";
        assert_eq!(refusal, wanted);
        assert!(meant("2f").is_err());
        for word in ["7", "0", "", "Luma"] {
            assert_eq!(meant(word), Ok(None), "{word:?}");
        }
    }
}
