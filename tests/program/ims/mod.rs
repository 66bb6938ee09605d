//! Signing in with IMS: the real program over a sandbox that plays IMS, and over servers that play nothing well.

mod browser;
mod failure;
mod kit;
mod login;
