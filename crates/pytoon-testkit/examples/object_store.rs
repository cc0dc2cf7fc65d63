//! The test object store as a program: it stands in for the S3 server of docker-compose.yml where its image cannot be
//! downloaded (`make check-image`). Usage: `object_store ADDRESS FOLDER`; keys are in `AWS_ACCESS_KEY_ID` and
//! `AWS_SECRET_ACCESS_KEY`. Each folder in FOLDER is a bucket.

use std::path::PathBuf;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [address, folder] = args.as_slice() else { panic!("usage: object_store ADDRESS FOLDER") };
    let key = |name| std::env::var(name).expect(name);
    let (id, secret) = (key("AWS_ACCESS_KEY_ID"), key("AWS_SECRET_ACCESS_KEY"));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await.expect("a free port");
        pytoon_testkit::s3::serve(listener, PathBuf::from(folder), &id, &secret).await;
    });
}
