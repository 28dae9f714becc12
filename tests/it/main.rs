//! stub

mod schema;
