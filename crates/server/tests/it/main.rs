//! The server as its users see it: every test drives a real server through a real client.

mod accounts;
mod cli;
mod every_operation;
mod log;
mod people;
mod pools;
mod protocol;
mod sign_in;
mod sign_up;
mod signatures;
mod valid;
