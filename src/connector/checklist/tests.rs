//! Where setting up stands, judged from what is known.

use super::*;
use crate::connector::{SettingsOverview, Setup};
use crate::domain::{DataSpace, DataSpaceKind, Environment};

fn overview() -> Overview {
    Overview {
        installation: "shop.example".into(),
        environment: Environment::Sandbox,
        gateway: "commerce-beta.adobe.io".into(),
        project: Some(("p-1".parse().expect("an id"), "Luma".into())),
        data_space: Some(("d-1".parse().expect("an id"), "Testing 1".into(), DataSpaceKind::Testing)),
        source: "the database of /var/www/shop".into(),
        organization: None,
        config_path: "/tmp/config.toml".into(),
        settings: Box::default(),
        state_dir: "/tmp/state".into(),
    }
}

fn pair(environment: Environment, half: &Half) -> PairStatus {
    PairStatus { environment, api_key: half.clone(), private_key: half.clone() }
}

fn present() -> Half {
    Half::Present { shown: "••••3f9a".into(), origin: "config.toml".into(), locked: None }
}

fn projects() -> Vec<Project> {
    let space = DataSpace { id: "d-1".parse().expect("an id"), name: "Testing 1".into(), kind: DataSpaceKind::Testing };
    vec![Project { id: "p-1".parse().expect("an id"), name: "Luma".into(), data_spaces: vec![space] }]
}

fn feed(submitted: u64, needs_attention: u64) -> FeedSummary {
    FeedSummary {
        feed: Feed::Products,
        submitted,
        awaiting: 0,
        will_retry: 0,
        needs_attention,
        last_sync: Some(Timestamp::UNIX_EPOCH),
        last_partial: None,
    }
}

fn states(facts: &Facts) -> Vec<StepState> {
    steps(facts).iter().map(|step| step.state).collect()
}

#[test]
fn steps_follow_from_what_is_known() {
    use StepState::{Attention, Done, Later, Next, Optional, Wrong};
    let (overview, at) = (overview(), Zoned::default());
    let pairs = [pair(Environment::Production, &Half::Missing), pair(Environment::Sandbox, &present())];
    let (projects, counts) = (projects(), [(Feed::Products, Some(2_000))]);
    let sent = [feed(4_000, 0)];
    let facts = || Facts {
        overview: &overview,
        pairs: Some(&pairs),
        gateway: GatewaySays::Accepts(&at),
        projects: Some(&projects),
        source: Known::Is(&counts),
        customised: &[],
        ledger: Known::Is(&sent),
        services: None,
        is_exporting: false,
        zone: TimeZone::UTC,
    };
    assert_eq!(states(&facts()), [Done, Done, Done, Optional, Done, Later]);
    assert_eq!((next(&steps(&facts())), exit(&steps(&facts()), &facts())), (None, Exit::Done));

    let failing = [feed(4_000, 1)];
    let facts = || Facts { ledger: Known::Is(&failing), ..facts() };
    assert_eq!(states(&facts()), [Done, Done, Done, Optional, Attention, Later]);
    assert_eq!(exit(&steps(&facts()), &facts()), Exit::Partial);

    // What is wrong goes before what needs attention, although it stands behind it.
    let refused = Problem::new(Exit::Refused, "JWT is invalid");
    let facts = || Facts { gateway: GatewaySays::Problem(&refused), ..facts() };
    assert_eq!(states(&facts()), [Done, Wrong, Done, Optional, Attention, Later]);
    assert_eq!(next(&steps(&facts())).map(|step| step.stage), Some(Stage::Credentials));
    assert_eq!(exit(&steps(&facts()), &facts()), Exit::Refused);

    let gone = Problem::new(Exit::TryAgain, "no route to host");
    let facts = || Facts { gateway: GatewaySays::Problem(&gone), projects: None, ..facts() };
    assert_eq!(states(&facts())[1], Attention);
    assert_eq!(exit(&steps(&facts()), &facts()), Exit::TryAgain);

    let nothing = Overview {
        project: None,
        data_space: None,
        settings: Box::new(SettingsOverview {
            setup: Setup { without_source: true, without_file: true, in_commerce: false },
            ..SettingsOverview::default()
        }),
        ..overview.clone()
    };
    let none = Environment::ALL.map(|environment| pair(environment, &Half::Missing));
    let facts = Facts {
        overview: &nothing,
        pairs: Some(&none),
        gateway: GatewaySays::NotAsked,
        ledger: Known::Is(&[]),
        ..facts()
    };
    assert_eq!(states(&facts), [Next, Later, Later, Optional, Later, Later]);
}
