//! Signing in and organizations: each work is one call of the connector.

use crate::connector::Connector;
use crate::error::{Exit, Problem};
use crate::tui::effect::ImsWork;
use crate::tui::event::ImsReply;

/// Does it, and says what came of it.
pub(super) async fn perform(_connector: &Connector, work: ImsWork) -> ImsReply {
    std::future::ready(()).await;
    let problem = Problem::new(Exit::Other, "signing in is not built");
    match work {
        ImsWork::Status => ImsReply::Status(Err(problem)),
        ImsWork::Begin => ImsReply::Begun(Err(problem)),
        ImsWork::Finish(_) | ImsWork::SignInAsService { .. } => ImsReply::SignedIn(Err(problem)),
        ImsWork::SignOut => ImsReply::SignedOut(Err(problem)),
        ImsWork::LoadOrganizations => ImsReply::Organizations(Err(problem)),
        ImsWork::Select(_) => ImsReply::Selected(Err(problem)),
    }
}
