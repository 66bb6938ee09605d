//! The sandbox gateway over real HTTP, driven by a plain client and tokens made by hand: nothing of our own client.

mod access;
mod feeds;
mod graphql;
mod kit;
mod rehearsal;
mod sign_in;
