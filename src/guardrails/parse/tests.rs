//! The parser on texts whose trees are known.

use crate::guardrails::parse::{Node, Script, parse};

fn clean(text: &str) -> Script {
    let script = parse(text);
    assert_eq!(script.fault, None, "{text}");
    script
}

#[test]
fn valid_texts_are_read_to_their_end() {
    for text in [
        "a; b && c || d | e &",
        "if a; then b; elif c; then d; else e; fi > f",
        "for x in a b; do c; done",
        "for ((i=0;i<3;i++)); do c; done",
        "case $x in a|b) c;; (d) e; esac",
        "f() { a; }; function g { b; }",
        "while read -r x; do echo $x; done < <(ls)",
        "cat <<EOF | grep x\n$(a)\nEOF\nb",
        "cat <<'A' <<-B\n'\nA\n\t\"\n\tB\n",
        "x=$(cat <<'EOF'\n)'\"\nEOF\n)",
        "echo $((1 + (2))) $(( $(a) ))",
        "((a)) && [[ $x =~ ^(a|b)$ && -f y ]]",
        "$( (a) ) ; ( (b) )",
        "a=(1 2 3) b+=x c[1]=y d",
        "echo \"${x:-\"a b\"}\" ${y//\\//_} ${#z} ${!w}",
        "! time -p a",
        "a 2>&1 >/dev/null &> b >| c <<< d",
        "echo \\\n a # comment ' \"\n b",
        "echo `a \\`b\\``",
        "a\r\nb\r\n",
    ] {
        clean(text);
    }
}

#[test]
fn a_broken_tail_keeps_the_commands_before_it() {
    for text in ["rm -rf src\necho 'x", "rm -rf src; (", "rm -rf src; done", "rm -rf src\n${a"] {
        let script = parse(text);
        assert!(script.fault.is_some(), "{text}");
        assert!(matches!(script.nodes.first(), Some(Node::Simple(_))), "{text}");
    }
}
