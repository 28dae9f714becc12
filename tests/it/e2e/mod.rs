//! The real binary, its socket and its shim, each test in a home of its own.

mod basics;
mod chaos;
mod clients;
mod hostile;
mod rpc;
mod site;
mod trouble;
