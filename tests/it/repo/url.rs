use coord::repo::url::{Remote, normalise};

#[test]
fn every_way_to_write_an_address_gives_one_name() {
    let same = [
        "https://github.com/acme/app",
        "https://github.com/acme/app.git",
        "https://github.com/acme/app.git/",
        "https://github.com/acme//app/",
        "https://GitHub.com/Acme/App.git",
        "https://github.com:443/acme/app",
        "https://github.com./acme/app",
        "https://user@github.com/acme/app",
        "https://user:p@ss:word@github.com/acme/app",
        "https://ghp_secret@github.com/acme/app.git?token=secret#secret",
        "http://github.com:80/acme/app",
        "HTTPS://github.com/acme/app",
        "https://github.com/acme/%61pp",
        "ssh://git@github.com/acme/app.git",
        "ssh://git@github.com:22/acme/app.git",
        "ssh://git@ssh.github.com:443/acme/app.git",
        "git+ssh://git@github.com/acme/app",
        "git://github.com/acme/app.git",
        "git@github.com:acme/app.git",
        "git@github.com:/acme/app.git",
        "git@GITHUB.com:acme/app/",
        "github.com:acme/app",
        "user:secret@github.com:acme/app",
        "[git@github.com:22]:acme/app",
        " https://github.com/acme/app\n",
    ];
    for address in same {
        let expected = Remote::Hosted("github.com/acme/app".into());
        // The last one loses its line feed to git's caller; here blanks go too.
        assert_eq!(normalise(address), expected, "{address}");
    }

    let others = [
        ("https://git.corp:8443/Team/App", "git.corp:8443/Team/App"),
        ("ssh://git@git.corp:2222/Team/App.git", "git.corp/Team/App"),
        ("https://git.corp/Team/App", "git.corp/Team/App"),
        ("git@git.corp:~me/app.git", "git.corp/~me/app"),
        ("ssh://git@[::1]:2222/app.git", "::1/app"),
        ("[::1]:app.git", "::1/app"),
        ("https://gitlab.com/Group/Sub/App.git", "gitlab.com/group/sub/app"),
    ];
    for (address, name) in others {
        assert_eq!(normalise(address), Remote::Hosted(name.into()), "{address}");
    }

    for address in ["/srv/app.git", "../app", "./a:b", "file:///srv/app.git", "app"] {
        assert!(matches!(normalise(address), Remote::Local(_)), "{address}");
    }
    for address in ["", "https://", "https://host", "ext::sh -c x", "s3://b/x", "git@h:a\u{7}b"] {
        assert_eq!(normalise(address), Remote::Unknown, "{address}");
    }
}
