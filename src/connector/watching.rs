//! How a watch stands, in words for the screen and the commands.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::attach::WatchStatus;
use crate::format::{count, duration};

/// The longest time between passes that is said in seconds, as it is given on the command line.
const IN_SECONDS: Duration = Duration::from_mins(2);

/// How a watch stands: `every 60 s, next pass 00:16:22; last pass 00:15:22, 59 sent, 1 failed (root@vm, pid 812)`. Times are in
/// `zone`.
pub fn watch_words(watch: &WatchStatus, zone: &TimeZone) -> String {
    let clock = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string();
    let every = match watch.every {
        every if every <= IN_SECONDS => format!("{} s", every.as_secs()),
        every => duration(every),
    };
    let next = match (watch.next_pass, &watch.problem) {
        (None, _) => "a pass is running".to_owned(),
        (Some(at), None) => format!("next pass {}", clock(at)),
        (Some(at), Some(_)) => format!("next attempt {}", clock(at)),
    };
    let problem = watch.problem.as_ref().map(|problem| format!("; failing: {problem}")).unwrap_or_default();
    let last = match &watch.last_pass {
        None => String::new(),
        Some(pass) if pass.failed == 0 => format!("; last pass {}, {} sent", clock(pass.at), count(pass.sent)),
        Some(pass) => {
            format!("; last pass {}, {} sent, {} failed", clock(pass.at), count(pass.sent), count(pass.failed))
        }
    };
    format!("every {every}, {next}{problem}{last} ({})", watch.owner.address())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attach::PassEnd;
    use crate::export::owner::Owner;

    #[test]
    fn a_watch_says_who_how_often_what_it_did_last_and_when_it_goes_on() {
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).expect("a time");
        let owner = Owner { user: "root".into(), host: "vm".into(), pid: 812, ..Owner::this_process() };
        let first = WatchStatus {
            owner,
            data_space: "space".parse().expect("an id"),
            every: Duration::from_mins(1),
            last_pass: None,
            next_pass: None,
            problem: None,
        };
        let words = |watch: &WatchStatus| watch_words(watch, &TimeZone::UTC);
        assert_eq!(words(&first), "every 60 s, a pass is running (root@vm, pid 812)");
        let last_pass = Some(PassEnd { at: at(0), sent: 59, failed: 1 });
        let waiting = WatchStatus { last_pass, next_pass: Some(at(60)), ..first };
        let text = "every 60 s, next pass 08:01:00; last pass 08:00:00, 59 sent, 1 failed (root@vm, pid 812)";
        assert_eq!(words(&waiting), text);
        let failing = WatchStatus { problem: Some("gateway: 503".into()), ..waiting };
        assert!(words(&failing).contains("next attempt 08:01:00; failing: gateway: 503; last"), "{}", words(&failing));
    }
}
