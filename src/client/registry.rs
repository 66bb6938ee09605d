//! The merchant registry: projects and data spaces (protocol page §2).
//!
//! It must never know which of them is chosen.

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{Client, ClientError};
use crate::domain::{BadId, DataSpace, DataSpaceId, DataSpaceKind, Project, ProjectId};
use crate::http::answer::{self, text_of};
use crate::http::wire::{Broken, Reply};
use crate::untrusted::SafeText;

/// The largest answer of the registry, in bytes: tens of thousands of data spaces.
pub(super) const ANSWER_LIMIT: usize = 16 * 1024 * 1024;

/// The most characters of a project's or data space's name that are kept.
const NAME_LIMIT: usize = 255;

impl Client {
    /// Checks the keys: GET `ping`. What a good answer holds is not documented; only a failure in it counts.
    ///
    /// # Errors
    /// [`ClientError::KeysRefused`] if they are not accepted; any other [`ClientError`] if that cannot be known.
    pub async fn ping(&self) -> Result<(), ClientError> {
        let reply = self.ask_registry(Method::GET, &["ping"], None).await?;
        self.not_a_page(&reply)
    }

    /// The projects that the keys see: GET `registry`, rows grouped by project.
    pub async fn projects(&self) -> Result<Vec<Project>, ClientError> {
        self.ask_projects(Method::GET, &["registry"], None).await
    }

    /// One project: GET `registry/projects/{id}`.
    pub async fn project(&self, id: &ProjectId) -> Result<Project, ClientError> {
        let projects = self.ask_projects(Method::GET, &["registry/projects", id.as_str()], None).await?;
        self.one(projects, |project| project.id == *id, "the project")
    }

    /// One data space and the project it belongs to: GET `registry/environments/{id}`.
    pub async fn data_space(&self, id: &DataSpaceId) -> Result<(Project, DataSpace), ClientError> {
        let projects = self.ask_projects(Method::GET, &["registry/environments", id.as_str()], None).await?;
        self.one_data_space(projects, id)
    }

    /// Creates a project with its data spaces: POST `registry/initialize`.
    pub async fn create_project(&self, name: &str) -> Result<Project, ClientError> {
        let body = json!({"projectName": name});
        let projects = self.ask_projects(Method::POST, &["registry/initialize"], Some(&body)).await?;
        let is_only = projects.len() == 1;
        self.one(projects, |project| is_only || project.name.as_str() == name, "the new project")
    }

    /// Renames a project; a label only: PATCH `registry/projects/{id}`.
    pub async fn rename_project(&self, id: &ProjectId, name: &str) -> Result<Project, ClientError> {
        let body = json!({"projectName": name});
        let projects = self.ask_projects(Method::PATCH, &["registry/projects", id.as_str()], Some(&body)).await?;
        self.one(projects, |project| project.id == *id, "the renamed project")
    }

    /// Renames a data space; a label only: PATCH `registry/environments/{id}`.
    pub async fn rename_data_space(&self, id: &DataSpaceId, name: &str) -> Result<DataSpace, ClientError> {
        let body = json!({"environmentName": name});
        let projects = self.ask_projects(Method::PATCH, &["registry/environments", id.as_str()], Some(&body)).await?;
        self.one_data_space(projects, id).map(|(_, data_space)| data_space)
    }

    async fn ask_projects(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<Vec<Project>, ClientError> {
        let reply = self.ask_registry(method, path, body).await?;
        let value: Value = serde_json::from_slice(&reply.body)
            .map_err(|_| self.not_understood(reply.status, answer::words(&reply.body)))?;
        grouped(&value).map_err(|reason| self.not_understood(reply.status, reason))
    }

    /// An answer that tells no failure, neither by its status nor in its body.
    async fn ask_registry(&self, method: Method, path: &[&str], body: Option<&Value>) -> Result<Reply, ClientError> {
        let mut parts = vec![self.registry_path()];
        parts.extend_from_slice(path);
        let mut request = self.wire().request(method, self.wire().url(&parts)).headers(self.key_headers()?);
        if let Some(body) = body {
            request = request.json(body);
        }
        let reply = self.wire().send(request, ANSWER_LIMIT).await.map_err(|broken| match broken {
            Broken::Connection { message, .. } => ClientError::Passing { gateway: self.wire().host().clone(), message },
            Broken::Unreadable { status, message } => self.not_understood(status, message),
        })?;
        self.checked(reply)
    }

    /// A sign-in page of a hotel or a proxy also comes with 200.
    pub(super) fn not_a_page(&self, reply: &Reply) -> Result<(), ClientError> {
        if answer::is_html(&reply.body) {
            return Err(self.not_understood(reply.status, answer::words(&reply.body)));
        }
        Ok(())
    }

    pub(super) fn checked(&self, reply: Reply) -> Result<Reply, ClientError> {
        let gateway = self.wire().host().clone();
        let status = reply.status;
        let request_id = reply.request_id();
        let said = serde_json::from_slice(&reply.body).ok().as_ref().and_then(answer::failure);
        let is_about_keys = said.as_ref().is_some_and(|said| said.keys_status().is_some());
        let message = || answer::words(&reply.body);
        match status {
            200..=299 if said.is_none() => Ok(reply),
            200..=299 | 401 | 403 if is_about_keys || status > 299 => Err(ClientError::KeysRefused {
                environment: self.environment(),
                gateway,
                message: message(),
                request_id,
            }),
            429 => {
                let retry_after = reply.retry_after(jiff::Timestamp::now()).wait();
                Err(ClientError::SlowDown { gateway, retry_after })
            }
            408 | 500..=599 => Err(ClientError::Passing {
                gateway,
                message: SafeText::new(&format!("HTTP status {status}: {}", message())),
            }),
            200..=299 | 400..=499 => Err(ClientError::Refused { status, gateway, message: message(), request_id }),
            _ => Err(self.not_understood(status, reply.redirect_words().unwrap_or_else(message))),
        }
    }

    fn not_understood(&self, status: u16, message: SafeText) -> ClientError {
        ClientError::NotUnderstood { status, gateway: self.wire().host().clone(), message }
    }

    fn one(
        &self,
        projects: Vec<Project>,
        is_it: impl Fn(&Project) -> bool,
        what: &str,
    ) -> Result<Project, ClientError> {
        projects
            .into_iter()
            .find(is_it)
            .ok_or_else(|| self.not_understood(200, format!("{what} is not in the response").into()))
    }

    fn one_data_space(&self, projects: Vec<Project>, id: &DataSpaceId) -> Result<(Project, DataSpace), ClientError> {
        projects
            .into_iter()
            .find_map(|project| {
                let data_space = project.data_spaces.iter().find(|data_space| data_space.id == *id)?.clone();
                Some((project, data_space))
            })
            .ok_or_else(|| self.not_understood(200, format!("the data space {id} is not in the response").into()))
    }
}

/// Projects in the order in which they are first seen, of `{"results": [row…]}`, `[row…]` or one flat row.
fn grouped(answer: &Value) -> Result<Vec<Project>, SafeText> {
    let rows = match answer {
        Value::Object(fields) => match fields.get("results") {
            Some(Value::Array(rows)) => rows.as_slice(),
            Some(row @ Value::Object(_)) => std::slice::from_ref(row),
            Some(_) => return Err("its results are not a list".into()),
            None => std::slice::from_ref(answer),
        },
        Value::Array(rows) => rows.as_slice(),
        _ => return Err("neither a row nor a list of rows".into()),
    };
    let mut projects: Vec<Project> = Vec::new();
    // Rows of one project usually stand together, so the newest is looked at first.
    for (place, row) in rows.iter().enumerate() {
        let (id, name, data_space) = row_of(row)
            .map_err(|reason| SafeText::limited(&format!("row {} {reason}", place + 1), answer::MESSAGE_LIMIT))?;
        match projects.iter_mut().rev().find(|project| project.id == id) {
            Some(project) => project.data_spaces.push(data_space),
            None => projects.push(Project { id, name, data_spaces: vec![data_space] }),
        }
    }
    Ok(projects)
}

/// One flat row; the error continues a sentence that begins with the row.
fn row_of(row: &Value) -> Result<(ProjectId, SafeText, DataSpace), String> {
    let row = row.as_object().ok_or("is not an object")?;
    let name = |field: &str| SafeText::limited(&row.get(field).and_then(text_of).unwrap_or_default(), NAME_LIMIT);
    let kind = match row.get("environmentType").and_then(text_of) {
        None => DataSpaceKind::default(),
        Some(kind) if kind.eq_ignore_ascii_case("testing") => DataSpaceKind::Testing,
        // A type that is not known yet is treated like the one that is guarded.
        Some(_) => DataSpaceKind::Production,
    };
    let data_space = DataSpace { id: id_of(row, "environmentId")?, name: name("environmentName"), kind };
    Ok((id_of(row, "projectId")?, name("projectName"), data_space))
}

fn id_of<T: std::str::FromStr<Err = BadId>>(row: &Map<String, Value>, field: &str) -> Result<T, String> {
    let text = row.get(field).and_then(text_of).ok_or_else(|| format!("has no {field}"))?;
    text.parse().map_err(|error| format!("has an invalid {field}: {error}"))
}

/// What the registry's answer with these bytes would say: everything of it that is shown.
#[cfg(any(test, fuzzing))]
pub(crate) fn shown_of_answer(body: &[u8]) -> Vec<String> {
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return vec![answer::words(body).to_string()] };
    match grouped(&value) {
        Ok(projects) => projects
            .iter()
            .flat_map(|project| {
                let spaces = project.data_spaces.iter().map(|space| space.name.to_string());
                spaces.chain([project.name.to_string(), project.id.to_string()]).collect::<Vec<_>>()
            })
            .collect(),
        Err(reason) => vec![reason.to_string()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(project: &str, environment: &str, kind: &Value) -> Value {
        json!({"projectId": project, "projectName": format!("name of {project}"), "environmentId": environment,
               "environmentName": format!("name of {environment}"), "environmentType": kind})
    }

    #[test]
    fn rows_are_grouped_by_project_in_the_order_first_seen() {
        let answer = json!({"results": [
            row("b", "b1", &json!("Production")), row("a", "a1", &json!("Testing")), row("b", "b2", &Value::Null)]});
        let projects = grouped(&answer).expect("projects");
        let seen: Vec<_> = projects
            .iter()
            .map(|project| {
                let spaces: Vec<_> = project.data_spaces.iter().map(|space| (space.id.as_str(), space.kind)).collect();
                (project.id.as_str(), project.name.as_str(), spaces)
            })
            .collect();
        let (production, testing) = (DataSpaceKind::Production, DataSpaceKind::Testing);
        assert_eq!(
            seen,
            [("b", "name of b", vec![("b1", production), ("b2", testing)]), ("a", "name of a", vec![("a1", testing)])]
        );
    }

    #[test]
    fn a_flat_row_and_a_bare_list_are_read_as_well() {
        let row = row("p", "e", &json!("Production"));
        assert_eq!(grouped(&row).expect("one").len(), 1);
        assert_eq!(grouped(&json!([row])).expect("one").len(), 1);
        assert_eq!(grouped(&json!({"results": row})).expect("one").len(), 1);
        assert_eq!(grouped(&json!({"results": []})).expect("none"), []);
    }

    #[test]
    fn an_unknown_type_is_guarded_like_production() {
        let projects = grouped(&row("p", "e", &json!("Staging"))).expect("one");
        assert_eq!(projects[0].data_spaces[0].kind, DataSpaceKind::Production);
    }

    #[test]
    fn one_bad_row_is_named_with_its_field() {
        for (answer, expected) in [
            (json!({"results": [row("p", "e", &Value::Null), {"projectId": "p"}]}), "row 2 has no environmentId"),
            (json!({"results": [row("p", "../x", &Value::Null)]}), "row 1 has an invalid environmentId: "),
            (json!({"results": [7]}), "row 1 is not an object"),
            (json!({"results": 7}), "its results are not a list"),
            (json!("text"), "neither a row nor a list of rows"),
            (json!({}), "row 1 has no environmentId"),
        ] {
            let reason = grouped(&answer).expect_err("a bad row");
            assert!(reason.as_str().starts_with(expected), "{reason}");
        }
    }
}
