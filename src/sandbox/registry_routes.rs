//! The registry over HTTP (protocol page §2).

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Failure;
use super::auth::Caller;
use super::gateway::Gateway;
use super::registry::{NameError, RenameError};
use super::shared::lock;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProjectBody {
    project_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DataSpaceBody {
    environment_name: String,
}

/// The routes below `/merchant-registry/v1`.
pub(super) fn routes() -> Router<Arc<Gateway>> {
    let registry = Router::new()
        .route("/ping", get(ping))
        .route("/registry", get(list))
        .route("/registry/initialize", post(create))
        .route("/registry/projects/{id}", get(project).patch(rename_project))
        .route("/registry/environments/{id}", get(data_space).patch(rename_data_space));
    Router::new().nest("/merchant-registry/v1", registry)
}

async fn ping(_caller: Caller) -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

async fn list(Caller(tenant): Caller) -> Json<Value> {
    results(lock(&tenant.registry).rows())
}

async fn project(Caller(tenant): Caller, Path(id): Path<String>) -> Result<Json<Value>, Failure> {
    lock(&tenant.registry).project(&id).map(results).ok_or_else(|| unknown("project", &id))
}

async fn data_space(Caller(tenant): Caller, Path(id): Path<String>) -> Result<Json<Value>, Failure> {
    lock(&tenant.registry).data_space(&id).map(Json).ok_or_else(|| unknown("environment", &id))
}

async fn create(
    Caller(tenant): Caller,
    State(gateway): State<Arc<Gateway>>,
    body: Result<Json<ProjectBody>, JsonRejection>,
) -> Response {
    let name = match body {
        Ok(Json(body)) => body.project_name,
        Err(rejection) => return bad_body(&rejection).into_response(),
    };
    match lock(&tenant.registry).create(&name, gateway.edition) {
        Ok(rows) => results(rows).into_response(),
        Err(error) => bad_name(error).into_response(),
    }
}

async fn rename_project(
    Caller(tenant): Caller,
    Path(id): Path<String>,
    body: Result<Json<ProjectBody>, JsonRejection>,
) -> Result<Json<Value>, Failure> {
    let Json(body) = body.map_err(|rejection| bad_body(&rejection))?;
    let renamed = lock(&tenant.registry).rename_project(&id, &body.project_name);
    renamed.map(results).map_err(|error| not_renamed(error, "project", &id))
}

async fn rename_data_space(
    Caller(tenant): Caller,
    Path(id): Path<String>,
    body: Result<Json<DataSpaceBody>, JsonRejection>,
) -> Result<Json<Value>, Failure> {
    let Json(body) = body.map_err(|rejection| bad_body(&rejection))?;
    let renamed = lock(&tenant.registry).rename_data_space(&id, &body.environment_name);
    renamed.map(Json).map_err(|error| not_renamed(error, "environment", &id))
}

fn results(rows: Vec<Value>) -> Json<Value> {
    Json(Value::Object([("results".to_owned(), Value::Array(rows))].into_iter().collect()))
}

fn unknown(what: &str, id: &str) -> Failure {
    Failure::message(StatusCode::NOT_FOUND, format!("There is no {what} {id}"))
}

fn bad_body(rejection: &JsonRejection) -> Failure {
    Failure::message(StatusCode::BAD_REQUEST, rejection.body_text())
}

/// An empty name fails inside a 200, as the real registry may do with anything (protocol page §1); others are 400.
fn bad_name(error: NameError) -> Failure {
    let status = match error {
        NameError::Empty => StatusCode::OK,
        NameError::TooLong | NameError::Service(_) => StatusCode::BAD_REQUEST,
    };
    Failure::message(status, error.to_string())
}

fn not_renamed(error: RenameError, what: &str, id: &str) -> Failure {
    match error {
        RenameError::Unknown => unknown(what, id),
        RenameError::Name(error) => bad_name(error),
    }
}
