//! What the pane asks of the connector about signing in and organizations, and what comes back.

use crate::connector::{ClientSecret, Connector, Overview};
use crate::error::Problem;
use crate::ims::models::{Organization, OrganizationId, PendingSignIn, SignIn, SignedIn};
use crate::secret::Secret;
use crate::untrusted::SafeText;

/// What can be asked: each is one call of the connector.
#[derive(Debug)]
pub enum ImsWork {
    /// Look at where signing in stands.
    Status,
    /// Begin to sign in, or continue with what was begun.
    Begin,
    /// Finish with the address that the person was sent back to.
    Finish(Secret),
    /// Sign in with client credentials.
    SignInAsService { client_id: String, secret: ClientSecret },
    /// Revoke and forget the tokens, or what was begun.
    SignOut,
    /// List the organizations.
    LoadOrganizations,
    /// Choose an organization.
    Select(OrganizationId),
}

/// What comes back.
#[derive(Debug)]
pub enum ImsReply {
    /// Where signing in stands.
    Status(Result<SignIn, Problem>),
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

/// Does it, and says what came of it.
pub async fn perform(connector: &Connector, work: ImsWork) -> ImsReply {
    match work {
        ImsWork::Status => ImsReply::Status(connector.sign_in().await),
        ImsWork::Begin => ImsReply::Begun(connector.begin_sign_in().await),
        ImsWork::Finish(pasted) => ImsReply::SignedIn(connector.finish_sign_in(&pasted).await),
        ImsWork::SignInAsService { client_id, secret } => {
            ImsReply::SignedIn(connector.sign_in_as_service(Some(&client_id), Some(secret)).await)
        }
        ImsWork::SignOut => ImsReply::SignedOut(connector.sign_out().await),
        ImsWork::LoadOrganizations => ImsReply::Organizations(connector.organizations().await),
        ImsWork::Select(id) => ImsReply::Selected(connector.select_organization(&id).await),
    }
}
