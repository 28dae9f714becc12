//! The compose file of a mirror of one's own: its form, and its roles in a real Postgres. No container is started.

use std::fs;
use std::path::Path;
use std::process::Command;

use postgres::NoTls;
use yaml_rust2::{Yaml, YamlLoader};

use crate::schema::pg::Postgres;

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/supabase"))
}

#[test]
fn the_compose_file_is_whole_and_listens_on_this_machine_only() {
    let text = fs::read_to_string(folder().join("docker-compose.yml")).expect("it is there");
    let parsed = YamlLoader::load_from_str(&text).expect("it is YAML");
    let [file] = parsed.as_slice() else { panic!("one document") };
    let services = file["services"].as_hash().expect("services");

    for (name, service) in services {
        let keys = service.as_hash().expect("a service has keys").keys();
        for key in keys.map(|key| key.as_str().expect("text")) {
            let known = [
                "image",
                "restart",
                "environment",
                "volumes",
                "ports",
                "healthcheck",
                "depends_on",
            ];
            assert!(known.contains(&key), "{name:?}: {key}");
        }
        let image = service["image"].as_str().expect("an image");
        assert!(image.split_once(':').is_some_and(|(_, tag)| tag != "latest"), "{image} is pinned");
        for port in service["ports"].as_vec().expect("ports") {
            assert!(port.as_str().is_some_and(|port| port.starts_with("127.0.0.1:")), "{port:?}");
        }
        for mount in service["volumes"].as_vec().into_iter().flatten().filter_map(Yaml::as_str) {
            let source = mount.split(':').next().expect("a source");
            let named = !file["volumes"][source].is_badvalue();
            assert!(
                named || source.starts_with("./") && folder().join(source).is_file(),
                "{mount}"
            );
        }
        for needed in service["depends_on"].as_hash().into_iter().flatten().map(|(name, _)| name) {
            assert!(services.contains_key(needed), "{needed:?} is a service");
            assert!(
                !services[needed]["healthcheck"].is_badvalue(),
                "{needed:?} says when it is ready"
            );
        }
    }
    // Nobody gets a password by default.
    for variable in text.split("${").skip(1) {
        assert!(variable.split('}').next().is_some_and(|v| v.contains(":?")), "{variable}");
    }
}

#[test]
fn its_api_becomes_anon_and_nothing_else() {
    let server = Postgres::start();
    drop(server.database("own"));
    // Two clusters share nothing, so the roles are new here whatever other tests made.
    let folder_of_socket = server.url("own").split_once("host=").expect("a socket").1.to_owned();
    let made = Command::new("bash")
        .arg(folder().join("self-hosted/roles.sh"))
        .env("POSTGRES_USER", "coord")
        .env("POSTGRES_DB", "own")
        .env("COORD_API_PASSWORD", "it's \\ a \"password\"")
        .env("PGHOST", folder_of_socket)
        .output()
        .expect("there is a shell");
    assert!(made.status.success(), "{made:?}");
    let mut owner = server.connect("own");
    for (path, sql) in crate::schema::migrations() {
        owner.batch_execute(&sql).unwrap_or_else(|error| panic!("{path:?}: {error:?}"));
    }

    let mut api = server.reach("own").user("authenticator").connect(NoTls).expect("it may log in");

    assert!(api.batch_execute("set role service_role").is_err());
    assert!(api.batch_execute("select coord.now_ms()").is_err());
    api.batch_execute("begin; set local role anon").expect("it may become anon");
    let refused = api.batch_execute("select public.coord_head('{}')").expect_err("without a token");
    assert_eq!(refused.code().map(postgres::error::SqlState::code), Some("PT401"));
}
