//! What a worker can do about signing in and organizations.

use crate::connector::ClientSecret;
use crate::ims::models::OrganizationId;
use crate::secret::Secret;

/// Each is one call of the connector.
#[derive(Debug)]
pub enum ImsWork {
    /// Look at where signing in stands.
    Status,
    /// Begin to sign in, or continue with what was begun.
    Begin,
    /// Finish with the address that the person was sent back to.
    Finish(Secret),
    /// Sign in with client credentials.
    SignInAsService {
        /// The client id.
        client_id: String,
        /// The client secret, or where it is.
        secret: ClientSecret,
    },
    /// Revoke and forget the tokens, or what was begun.
    SignOut,
    /// List the organizations.
    LoadOrganizations,
    /// Choose an organization.
    Select(OrganizationId),
}
