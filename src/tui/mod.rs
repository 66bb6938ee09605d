//! The screen: one event in, effects out, state read-only while drawing.
//!
//! It calls [`crate::connector::Connector`] from worker tasks only, and must never do I/O while updating or drawing.

/// How the screen opens.
#[derive(Debug, Default)]
pub struct Options {
    /// An export to start at once.
    pub start_export: Option<crate::connector::ExportRequest>,
}

/// Runs the screen.
///
/// # Errors
/// stub
pub async fn run(
    _connector: crate::connector::Connector,
    _options: Options,
) -> Result<crate::error::Exit, crate::error::Problem> {
    unimplemented!()
}
