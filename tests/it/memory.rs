//! Memory: what is remembered, how it is found, and what a person may do to it.

mod quality;
