//! What a piece of shell text says, as a tree.
//!
//! - Every substitution is a tree of its own, wherever it stands.
//! - Here-documents hang on the redirection that asked for them.
//!
//! Not here: how text becomes a tree (`parse::parser`), what it would do (`machine`).

use std::cell::OnceCell;
use std::rc::Rc;

/// A range of bytes of the text that was asked about.
pub type Span = (usize, usize);

/// A whole text: what could be read, and why reading stopped early, if it did.
#[derive(Debug, Default)]
pub struct Script {
    /// The commands in order.
    pub nodes: Vec<Node>,
    /// Set when the text breaks the grammar or a cap.
    pub fault: Option<&'static str>,
}

/// One command, simple or compound.
#[derive(Debug)]
pub enum Node {
    /// Words, assignments and redirections.
    Simple(Box<Simple>),
    /// Commands joined by `|`.
    Pipe(Vec<Self>),
    /// Commands that run one after the other, whatever joins them.
    Seq(Vec<Self>),
    /// A command followed by `&`.
    Background(Box<Self>),
    /// `( … )`.
    Subshell(Box<Self>),
    /// `if`, with all its conditions and bodies in order.
    If(Vec<Self>),
    /// `while` and `until`.
    While(Box<Self>),
    /// `for` and `select`.
    For(Box<For>),
    /// `case`.
    Case(Box<Case>),
    /// A function's definition.
    Func(String, Rc<Self>),
    /// `[[ … ]]` and `(( … ))`: only its substitutions matter.
    Test(Vec<Word>),
    /// A compound command with redirections.
    Redirected(Box<Self>, Vec<Redir>),
}

/// A simple command.
#[derive(Debug, Default)]
pub struct Simple {
    /// `NAME=value` before the command, or as arguments of `export` and its kin.
    pub assigns: Vec<Assign>,
    /// The command and its arguments.
    pub words: Vec<Word>,
    /// Redirections, in order.
    pub redirs: Vec<Redir>,
    /// Where it stands.
    pub span: Span,
}

/// A `for` loop.
#[derive(Debug)]
pub struct For {
    /// The loop's variable.
    pub name: String,
    /// What it walks over; `None` means the positional parameters.
    pub words: Option<Vec<Word>>,
    /// What it runs.
    pub body: Node,
}

/// A `case` command.
#[derive(Debug)]
pub struct Case {
    /// The word compared.
    pub subject: Word,
    /// Patterns and what they run.
    pub arms: Vec<(Vec<Word>, Node)>,
}

/// One assignment.
#[derive(Debug)]
pub struct Assign {
    /// The variable.
    pub name: String,
    /// `NAME[index]=`.
    pub index: Option<Word>,
    /// `+=` instead of `=`.
    pub append: bool,
    /// The value.
    pub value: Value,
}

/// The right side of an assignment.
#[derive(Debug)]
pub enum Value {
    /// One word.
    Scalar(Word),
    /// `( … )`.
    Array(Vec<Word>),
}

/// What a redirection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirOp {
    /// `<`
    In,
    /// `>` and `>|`
    Out,
    /// `>>`
    Append,
    /// `<>`
    InOut,
    /// `<<` and `<<-`
    Here,
    /// `<<<`
    HereString,
    /// `<&` and `>&` with a descriptor
    Dup,
    /// `&>` and `>&` with a file
    Both,
    /// `&>>`
    BothAppend,
}

/// One redirection.
#[derive(Debug)]
pub struct Redir {
    /// The descriptor before the operator.
    pub fd: Option<u32>,
    /// Its operator.
    pub op: RedirOp,
    /// The file, the here-string, or the delimiter.
    pub target: Word,
    /// The here-document, whose lines come later.
    pub body: Option<Rc<OnceCell<Word>>>,
}

/// The parts of a word; nearly always it is one.
pub type Parts = smallvec::SmallVec<[Part; 1]>;

/// One word before expansion.
#[derive(Debug, Default)]
pub struct Word {
    /// Its parts.
    pub parts: Parts,
    /// Where it stands.
    pub span: Span,
}

/// A part of a word.
#[derive(Debug)]
pub enum Part {
    /// Unquoted text.
    Lit(String),
    /// Text that no expansion touches.
    Quoted(String),
    /// `"…"`.
    Double(Vec<Self>),
    /// `$name` and `${…}`.
    Param(Box<Param>),
    /// `$(…)` and backticks.
    Command(Rc<Script>),
    /// `<(…)` (true) and `>(…)` (false).
    Process(Rc<Script>, bool),
    /// `$((…))`.
    Arith(Vec<Self>),
}

/// A parameter expansion.
#[derive(Debug, Default)]
pub struct Param {
    /// The variable, a digit or a special sign.
    pub name: String,
    /// `[…]` after the name.
    pub index: Option<Vec<Part>>,
    /// `${#name}`.
    pub length: bool,
    /// `${!name}`.
    pub indirect: bool,
    /// The operator, such as `:-` or `//`.
    pub op: String,
    /// What follows the operator.
    pub arg: Vec<Part>,
}

impl Word {
    /// The word's text if it is one plain unquoted literal.
    #[must_use]
    pub fn bare(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Lit(text)] => Some(text),
            _ => None,
        }
    }
}
