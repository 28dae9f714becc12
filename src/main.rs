//! temporary
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let home = coord::config::env::home(None).unwrap();
    match args[1].as_str() {
        "mcp" => coord::shim::run(home).unwrap(),
        "daemon" => {
            let config = coord::config::Config::load(&home, None, &[]).unwrap();
            home.prepare().unwrap();
            let _g = coord::daemon::log::to_files(&home.logs(), "debug").unwrap();
            rustix::process::setsid().ok();
            if let Err(e) = coord::daemon::run(&home, &config, None) {
                eprintln!("{e}");
            }
        }
        _ => {}
    }
}
