//! Signing in with IMS: the real program over a sandbox that plays IMS, and over servers that play nothing well.

mod browser;
mod kit;
mod login;
mod trouble;
