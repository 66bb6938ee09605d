//! What leaving the screen means for a run: one in a process of its own goes on, any other is stopped first.

use crate::tui::model::tests::*;

#[test]
fn q_leaves_at_once_only_while_nothing_runs() {
    let mut state = testing();
    assert!(quits(&press(&mut state, 'q')));
    run(&mut state);
    let effects = press(&mut state, 'q');
    assert!(!quits(&effects) && !stops(&effects));
    let effects = press(&mut state, 'n');
    assert!(effects.is_empty() && state.dialog.is_none(), "stay");
    press(&mut state, 'q');
    let effects = press(&mut state, 'y');
    assert!(quits(&effects) && !stops(&effects), "the run goes on");
    press(&mut state, 'q');
    let effects = press(&mut state, 'x');
    assert!(stops(&effects) && !quits(&effects), "the batch in flight is finished first");
    assert!(quits(&end(&mut state)));
}

#[test]
fn a_run_of_another_process_is_shown_and_left_alone() {
    let mut state = testing();
    state.update(Event::Reply(Reply::Export(ExportReply::Attached(about("Export")))), &now());
    state.update(Event::Progress(progress(1200, 4000)), &now());
    assert!(state.export.is_busy() && !state.export.has_own_run());
    assert!(matches!(press(&mut state, ' ').as_slice(), [Effect::Run(Command::Pause)]));
    assert!(quits(&press(&mut state, 'q')), "nothing is asked");
    let effects = state.update(Event::Terminate, &now());
    assert!(quits(&effects) && !stops(&effects), "a signal to this screen is none to the run");
}

#[test]
fn control_c_asks_then_stops_then_leaves_without_waiting() {
    let mut state = testing();
    run(&mut state);
    assert!(!stops(&control(&mut state, 'c')));
    assert!(stops(&control(&mut state, 'c')));
    assert!(quits(&control(&mut state, 'c')));
}

#[test]
fn a_signal_leaves_without_asking_and_is_none_to_the_run() {
    let mut state = testing();
    assert!(quits(&state.update(Event::Terminate, &now())));
    press(&mut state, 'a');
    let effects = state.update(Event::Terminate, &now());
    assert!(quits(&effects) && !stops(&effects), "also while it starts");
    begin(&mut state);
    let effects = state.update(Event::Terminate, &now());
    assert!(quits(&effects) && !stops(&effects));
}

#[test]
fn a_run_that_ends_with_the_screen_is_stopped_before_it() {
    for is_demo in [false, true] {
        let here = || {
            let mut state = testing();
            state.export.keeps_runs = is_demo;
            press(&mut state, if is_demo { 'a' } else { 'd' });
            state
        };
        let begin =
            |state: &mut State| state.update(Event::Reply(Reply::Export(ExportReply::RunStarted(Ok(None)))), &now());
        let mut state = here();
        assert!(press(&mut state, 'q').is_empty());
        press(&mut state, 'n');
        begin(&mut state);
        press(&mut state, 'q');
        assert!(matches!(state.dialog, Some(Dialog::Question(Question::QuitWithRun))));
        let effects = press(&mut state, 'y');
        assert!(stops(&effects) && !quits(&effects));
        assert!(quits(&end(&mut state)));
        let mut state = here();
        begin(&mut state);
        let effects = state.update(Event::Terminate, &now());
        assert!(stops(&effects) && !quits(&effects), "a signal does not ask");
    }
}

#[test]
fn leaving_while_a_run_is_starting_waits_for_it() {
    let starting = || {
        let mut state = testing();
        press(&mut state, 'a');
        press(&mut state, 'q');
        press(&mut state, 'x');
        state
    };
    assert!(stops(&begin(&mut starting())));
    let mut state = starting();
    let refused = Err(Problem::new(Exit::Locked, "another run"));
    assert!(quits(&state.update(Event::Reply(Reply::Export(ExportReply::RunStarted(refused))), &now())));
}
