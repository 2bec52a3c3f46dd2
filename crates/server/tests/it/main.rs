//! The server as its users see it: every test drives a real server through a real client.

mod accounts;
mod cli;
mod clients;
mod codes;
mod every_operation;
mod existence;
mod keys;
mod log;
mod model;
mod nodes;
mod passwords;
mod people;
mod pool_rules;
mod pools;
mod protocol;
mod restart;
mod sign_in;
mod sign_up;
mod signatures;
mod tags;
mod valid;
