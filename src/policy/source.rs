//! Text with policies, and where it comes from.

/// Where policies come from; that decides what they may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The binary; named by `@id`.
    BuiltIn,
    /// A row that a person added; named by the row.
    Row,
    /// A file of the project; named by the file. It may only forbid.
    File,
    /// Somebody wants to know whether it is right.
    Question,
}

/// Text with policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Where it comes from.
    pub origin: Origin,
    /// The row's id or the file's name.
    pub name: String,
    /// The policies.
    pub text: String,
}
