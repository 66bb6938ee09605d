//! Parses the command line, runs the screen or one command, and turns an error into words and an exit code.

fn main() {}
