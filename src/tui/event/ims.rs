//! What a worker answers about signing in and organizations.

use crate::connector::Overview;
use crate::error::Problem;
use crate::ims::models::{Organization, PendingSignIn, SignIn, SignedIn};
use crate::untrusted::SafeText;

/// The answers.
#[derive(Debug)]
pub enum ImsReply {
    /// Where signing in stands.
    Status(Result<SignIn, Problem>),
    /// A sign-in was begun.
    Begun(Result<PendingSignIn, Problem>),
    /// A sign-in was finished, by a person or as a service.
    SignedIn(Result<SignedIn, Problem>),
    /// Not signed in any more; perhaps with what could not be done.
    SignedOut(Result<Option<SafeText>, Problem>),
    /// The organizations of who is signed in.
    Organizations(Result<Vec<Organization>, Problem>),
    /// An organization was chosen.
    Selected(Result<Overview, Problem>),
}
