//! What the list of tools costs a model.

use std::fmt::Write as _;

use coord::service::TOOLS;
use coord::tool::Audience;
use serde_json::json;

/// Tokens that name, description and input schema of all tools may have together.
const TOKENS_MAX: usize = 3_000;

#[test]
fn the_list_of_tools_costs_a_model_no_more_than_was_promised() {
    let tokenizer = tiktoken_rs::o200k_base().expect("its table is in the crate");
    let tokens = |text: &str| tokenizer.encode_with_special_tokens(text).len();
    let (mut whole, mut bill) = (0, String::new());
    for tool in TOOLS.iter().filter(|tool| tool.audience == Audience::Everybody) {
        let published = tool.published();
        let shown = json!({
            "name": tool.name, "description": published.description, "inputSchema": published.input,
        });
        let cost = tokens(&shown.to_string());
        whole += cost;
        writeln!(bill, "{cost:5} {}", tool.name).expect("a String takes all");
    }
    assert!(whole <= TOKENS_MAX, "{whole} tokens:\n{bill}");
    // Nobody has cut the list down to nothing either.
    assert!(whole > TOKENS_MAX / 4, "{whole} tokens:\n{bill}");
    writeln!(bill, "{whole:5}").expect("a String takes all");
    insta::assert_snapshot!(bill);
}
