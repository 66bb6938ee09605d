//! Signing in and organizations: each work is one call of the connector.

use crate::connector::Connector;
use crate::tui::effect::ImsWork;
use crate::tui::event::ImsReply;

/// Does it, and says what came of it.
pub(super) async fn perform(connector: &Connector, work: ImsWork) -> ImsReply {
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
