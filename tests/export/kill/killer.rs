//! Kills the program at a moment that was chosen beforehand: when a feed request is at a certain step, or when the ledger's files
//! are written for the n-th time. Never after a time: the moment is one that the program itself has come to.

use std::fmt;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use fastrand::Rng;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::process::{Pid, Signal, kill_process};

/// Where the program can be when it is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Directories, locks and the ledger's first file are being made.
    Making,
    /// A page is written to the ledger's log, with no request on its way.
    Logging,
    /// The same with requests on their way.
    LoggingBesideRequests,
    /// The log is folded into the ledger.
    FoldingIn,
    /// The log is taken away: the run is over.
    Closing,
    /// A request leaves the program; nothing of it has reached the gateway.
    RequestArrives,
    /// Half of it has.
    RequestHalfThrough,
    /// The gateway has all of it.
    RequestThrough,
    /// The gateway has answered; the program knows nothing of it.
    AnswerReady,
    /// Half of the answer is there.
    AnswerHalfThrough,
    /// All of it is; it is not written down yet.
    AnswerThrough,
}

impl Step {
    /// Whether it is a change of the ledger's files after they were made.
    fn is_of_ledger(self) -> bool {
        (Step::Logging..=Step::Closing).contains(&self)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Step::Making => "directories, locks, ledger file are made",
            Step::Logging => "a write to the ledger's log, nothing on its way",
            Step::LoggingBesideRequests => "a write to the ledger's log, requests on their way",
            Step::FoldingIn => "the log is folded into the ledger",
            Step::Closing => "the log is taken away at the end",
            Step::RequestArrives => "a request leaves, journaled, nothing at the gateway",
            Step::RequestHalfThrough => "half of a request is at the gateway",
            Step::RequestThrough => "a request is at the gateway, no answer",
            Step::AnswerReady => "the gateway has answered, nothing arrived",
            Step::AnswerHalfThrough => "half of an answer arrived",
            Step::AnswerThrough => "an answer arrived, not recorded",
        })
    }
}

/// What is waited for: so many times of one step, or of any change of the ledger's files after they were made.
#[derive(Debug, Clone, Copy)]
pub struct Aim {
    step: Option<Step>,
    times: u32,
}

impl Aim {
    /// A moment in a run of a few requests.
    pub fn any(random: &mut Rng) -> Self {
        let (step, times) = match random.u8(..16) {
            0 => (Some(Step::Making), 4),
            1 => (Some(Step::FoldingIn), 6),
            2 => (Some(Step::Closing), 2),
            3..5 => (None, 40),
            5..8 => (None, 200),
            8 => (Some(Step::LoggingBesideRequests), 4),
            9 => (Some(Step::RequestArrives), 6),
            10 => (Some(Step::RequestHalfThrough), 6),
            11 | 12 => (Some(Step::RequestThrough), 6),
            13 => (Some(Step::AnswerReady), 6),
            14 => (Some(Step::AnswerHalfThrough), 6),
            _ => (Some(Step::AnswerThrough), 6),
        };
        Self { step, times: random.u32(1..=times) }
    }
}

/// The program that runs now, and when it dies.
#[derive(Default)]
pub struct Killer {
    armed: Mutex<Armed>,
    /// Whether other processes go on when one is killed.
    is_among_others: bool,
}

#[derive(Default)]
struct Armed {
    target: Option<(Pid, Aim)>,
    met: u32,
    killed: Option<Step>,
}

impl Killer {
    /// Kills one of several, which go on: what they send still passes.
    pub fn among_others() -> Self {
        Self { is_among_others: true, ..Self::default() }
    }

    /// From now on this process is the one.
    pub fn arm(&self, pid: Pid, aim: Aim) {
        *self.armed.lock().expect("no panic") = Armed { target: Some((pid, aim)), met: 0, killed: None };
    }

    /// The process is gone, or shall live; where it was killed, if it was.
    pub fn disarm(&self) -> Option<Step> {
        std::mem::take(&mut *self.armed.lock().expect("no panic")).killed
    }

    /// The program is at this step. `true` if nothing must pass any more: it is dead now.
    pub fn reached(&self, step: Step) -> bool {
        let mut armed = self.armed.lock().expect("no panic");
        if armed.killed.is_some() {
            return !self.is_among_others;
        }
        let Some((pid, aim)) = armed.target else { return false };
        if aim.step.map_or(!step.is_of_ledger(), |aimed| aimed != step) {
            return false;
        }
        armed.met += 1;
        if armed.met < aim.times {
            return false;
        }
        let sent = kill_process(pid, Signal::KILL);
        if sent.is_err() && self.is_among_others {
            // It has come to its end while another one went on.
            armed.target = None;
            return false;
        }
        sent.expect("a child that was not waited for yet");
        armed.killed = Some(step);
        true
    }
}

/// A thread that watches the state directory during one run.
pub struct Watch {
    over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Watch {
    /// Watches; `is_busy` says whether requests are on their way.
    pub fn start(state: &Path, killer: Arc<Killer>, is_busy: impl Fn() -> bool + Send + 'static) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let queue = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).expect("inotify");
        let state = state.to_owned();
        // What is not there yet is watched once it is.
        for name in ["", "locks", "ledger"] {
            watch(&queue, &state.join(name));
        }
        let thread = std::thread::spawn({
            let over = Arc::clone(&over);
            move || {
                let mut buffer = [MaybeUninit::uninit(); 4096];
                while !over.load(Ordering::SeqCst) {
                    let patience = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
                    poll(&mut [PollFd::new(&queue, PollFlags::IN)], Some(&patience)).expect("poll");
                    let mut reader = Reader::new(&queue, &mut buffer);
                    while let Ok(event) = reader.next() {
                        let name = event.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
                        if event.events().contains(ReadFlags::ISDIR) && name != "logs" {
                            watch(&queue, &state.join(name.as_ref()));
                        }
                        killer.reached(step_of(&name, event.events(), is_busy()));
                    }
                }
            }
        });
        Self { over, thread }
    }

    /// Ends the watch.
    pub fn end(self) {
        self.over.store(true, Ordering::SeqCst);
        self.thread.join().expect("no panic");
    }
}

fn watch(queue: impl AsFd, directory: &Path) {
    let _ = inotify::add_watch(queue, directory, WatchFlags::CREATE | WatchFlags::MODIFY | WatchFlags::DELETE);
}

/// What the program does when such a file changes like this.
fn step_of(name: &str, events: ReadFlags, is_busy: bool) -> Step {
    match name.rsplit_once(".sqlite3").map(|(_, end)| end) {
        Some("-wal") if events.contains(ReadFlags::DELETE) => Step::Closing,
        Some("-wal") if events.contains(ReadFlags::MODIFY) && is_busy => Step::LoggingBesideRequests,
        Some("-wal") if events.contains(ReadFlags::MODIFY) => Step::Logging,
        Some("") if events.contains(ReadFlags::MODIFY) => Step::FoldingIn,
        _ => Step::Making,
    }
}
