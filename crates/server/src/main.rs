//! The `cognate` program: see `cognate --help`.

fn main() -> std::process::ExitCode {
    cognate_server::cli::main()
}
