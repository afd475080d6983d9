"""The simulated programs say and do what their images' originals do, as far as lessons and manifests look."""
import re

import pytest

from kubelearn.kubelet import images
from kubelearn.kubelet.images import applets
from kubelearn.volumes import Directory, tree


def log(container, stream=None):
    return b"".join(line for _, name, line in container.log if stream in (None, name)).decode()


def get(machine, box, container, path="/", port=80):
    """What wget prints of a page."""
    return machine.exec(box, ["wget", "-qO-", f"http://{container.sandbox.address}:{port}{path}"])


def test_nginx_serves_its_page_logs_each_request_and_says_404(machine, box):
    web = machine.container("nginx:1.25", name="web")
    assert "<h1>Welcome to nginx!</h1>" in get(machine, box, web)[0]
    assert get(machine, box, web, "/nope") == ("", "wget: server returned error: HTTP/1.1 404 Not Found\n", 1)
    assert f'{box.sandbox.address} - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 615 "-" "Wget" "-"\n' in log(web, "stdout")
    assert '"GET /nope HTTP/1.1" 404' in log(web, "stdout") and "(2: No such file or directory)" in log(web, "stderr")


def test_nginx_ends_gracefully_and_a_second_one_in_the_pod_cannot_bind(machine):
    web = machine.container("nginx", name="web")
    second = machine.ended("nginx", sandbox=web.sandbox)
    assert second.exit_code == 1 and "bind() to 0.0.0.0:80 failed (98: Address already in use)" in log(second)
    machine.runtime.stop(web)
    machine.clock.settle()
    assert (web.exit_code, web.reason) == (0, "Completed")


def test_nginx_follows_mounted_configuration_and_content(machine, box):
    other = machine.container("hashicorp/http-echo", args=["-text=from upstream"], name="other")
    conf = tree({"default.conf": f"""
        upstream back {{ server {other.sandbox.address}:5678; }}
        server {{
            listen 8080;
            location / {{ root /data; }}
            location /api/ {{ proxy_pass http://back/; }}
            location = /healthz {{ return 200 "fine\\n"; }}
            location /gone {{ return 301 /; }}
        }}"""})
    web = machine.container(
        "nginx:1.27-alpine", name="web", mounts=[("/etc/nginx/conf.d", conf), ("/data", tree({"index.html": "mine\n"}))]
    )
    pages = {path: get(machine, box, web, path, 8080)[0] for path in ("/", "/api/x", "/healthz", "/gone")}
    assert pages == {"/": "mine\n", "/api/x": "from upstream\n", "/healthz": "fine\n", "/gone": "mine\n"}
    assert get(machine, box, web, port=80)[2] == 1


def test_a_broken_nginx_configuration_stops_it_with_the_place(machine):
    web = machine.ended("nginx", mounts=[("/etc/nginx/conf.d", tree({"a.conf": "server { listen 80"}))])
    assert web.exit_code == 1 and "[emerg] unexpected end of file" in log(web) and "/etc/nginx/conf.d/a.conf:1" in log(web)


def test_netexec_of_agnhost(machine, box):
    host = machine.container("registry.k8s.io/e2e-test-images/agnhost:2.47", args=["netexec", "--http-port=8080"], name="host")
    assert [get(machine, box, host, path, 8080)[0] for path in ("/hostname", "/echo?msg=a+b", "/healthz")] == ["host", "a b", ""]
    assert get(machine, box, host, "/clientip", 8080)[0].startswith(f"{box.sandbox.address}:")
    assert re.match(r"I\d{4} \d\d:\d\d:\d\d\.\d{6} +1 log\.go:244\] Started HTTP server on port 8080\n", log(host))
    assert get(machine, box, host, "/exit?code=3", 8080)[2] == 0
    machine.clock.settle()
    assert (host.state, host.exit_code) == ("exited", 3)


def test_a_go_program_that_handles_no_signal_ends_with_2(machine):
    host = machine.container("registry.k8s.io/e2e-test-images/agnhost:2.47", args=["netexec"])
    machine.runtime.stop(host)
    machine.clock.settle()
    assert host.exit_code == 2


def test_the_liveness_example_is_healthy_for_ten_seconds(machine, box):
    server = machine.container("registry.k8s.io/liveness:latest", name="live")
    assert get(machine, box, server, "/healthz", 8080)[0] == "ok"
    machine.clock.run(12)
    assert "500 Internal Server Error" in get(machine, box, server, "/healthz", 8080)[1]


@pytest.mark.parametrize(
    "image, options, code, text",
    [
        ("hello-world", {}, 0, "Hello from Docker!"),
        ("perl:5.34", {"command": ["perl", "-Mbignum=bpi", "-wle", "print bpi(20)"]}, 0, "3.1415926535897932385\n"),
        ("mysql", {}, 1, "password option is not specified"),
        ("python:3", {"command": ["python", "-c", "print('hi', 2)"]}, 0, "hi 2\n"),
        ("python:3", {"command": ["python", "-c", "import os; os.system('id')"]}, 1, "python is simulated"),
        ("hashicorp/http-echo", {}, 127, "Missing -text option!"),
        ("curlimages/curl", {"args": ["-sS", "http://nosuch/"]}, 6, "curl: (6) Could not resolve host: nosuch\n"),
        ("busybox", {"command": ["sh", "-c"]}, 2, "-c requires an argument"),
    ],
)
def test_programs_that_end(machine, image, options, code, text):
    container = machine.ended(image, **options)
    assert container.exit_code == code and text in log(container)


def test_python_serves_files(machine, box):
    server = machine.container(
        "python:3", ["python", "-m", "http.server"], name="py", mounts=[("/site", tree({"a.txt": "A"}))], workdir="/site"
    )
    assert (
        '<li><a href="a.txt">a.txt</a></li>' in get(machine, box, server, "/", 8000)[0]
        and get(machine, box, server, "/a.txt", 8000)[0] == "A"
    )


def test_redis_keeps_values_and_speaks_its_protocol(machine, box):
    redis = machine.container("redis:7", name="redis")
    assert (
        machine.exec(redis, "redis-cli set a 5; redis-cli incr a; redis-cli get a; redis-cli lpush l x y; redis-cli lrange l 0 -1")[0]
        == "OK\n6\n6\n2\ny\nx\n"
    )
    assert machine.exec(box, f"printf 'PING\\r\\n' | nc {redis.sandbox.address} 6379 -w 1")[0].startswith("+PONG")
    assert "ERR unknown command 'nosuch'" in machine.exec(redis, "redis-cli nosuch")[0]


def test_busybox_httpd_in_the_background_serves_on(machine, box):
    out, _, _ = machine.exec(box, "mkdir /www; echo fine > /www/index.html; httpd -p 8080 -h /www; wget -qO- localhost:8080; httpd -p 8080")
    assert (
        out == "fine\n"
        and machine.exec(box, "wget -qO- localhost:8080; mv /www /gone; wget -qO- localhost:8080; echo $?")[0] == "fine\n1\n"
    )


def test_each_image_has_what_its_users_try_first(machine):
    for image, command in (
        ("nginx", "nginx -v; curl -s localhost | head -n 1"),
        ("alpine", "cat /etc/alpine-release"),
        ("ubuntu:22.04", "bash -c 'echo $0'"),
    ):
        container = machine.container(image, ["sh", "-c", "exec sleep 999"], name=image.partition(":")[0])
        assert machine.exec(container, command)[2] == 0


def test_volumes_of_memory_are_full_at_their_limit(machine):
    box = machine.container(command=["sleep", "999"], mounts=[("/m", Directory(limit=8 << 20, medium="Memory"))])
    assert machine.exec(box, 'mount | grep " /m " | cut -d" " -f1-5')[0] == "tmpfs on /m type tmpfs\n"
    out, err, code = machine.exec(box, "dd if=/dev/zero of=/m/big bs=1M count=20 status=none; ls -l /m | awk '{s+=$5} END {print s}'")
    assert "No space left on device" in err and int(out) == 8 << 20


def test_tar_moves_files_as_kubectl_cp_asks_for(machine, box):
    machine.exec(box, "mkdir -p /a/b; echo one > /a/x; echo two > /a/b/y; ln -s x /a/l; tar cf /t -C /a . ; mkdir /c; tar xmf - -C /c < /t")
    assert machine.exec(box, "cat /c/x /c/b/y /c/l")[0] == "one\ntwo\none\n"
    assert machine.exec(box, "tar tf /t | sort")[0] == "./\n./b/\n./b/y\n./l\n./x\n"
    said = "tar: /nosuch: No such file or directory\ntar: error exit delayed from previous errors\n"
    assert machine.exec(box, "tar cf - /nosuch > /dev/null") == ("", said, 1)


def test_what_is_loaded_only_when_asked_for_is_where_the_tables_say():
    for module, names in applets.MODULES.items():
        registered = {name for name in applets.NAMES if getattr(applets.find_applet(name), "__module__", "").endswith(f"images.{module}")}
        assert registered == set(names.split()), module
    for row in images.rows().values():
        places = [*row.get("programs", {}).values(), *([row["hook"]] if "hook" in row else [])]
        assert all(callable(images.function(place)) for place in places), row["names"]
