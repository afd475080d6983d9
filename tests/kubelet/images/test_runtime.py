"""containerd's and runc's behaviour: states, exit codes, signals, memory, logs, images; deterministic and cheap."""
import time

import pytest

from kubelearn.kubelet.images import ImageError, catalogue, image
from kubelearn.kubelet.runtime import ExecError, StartError
from kubelearn.volumes import Directory


def shell(script):
    return ["sh", "-c", script]


def log(container, stream=None):
    return b"".join(line for _, name, line in container.log if stream in (None, name)).decode()


@pytest.mark.parametrize("command, code, reason", [
    (shell("exit 42"), 42, "Error"), (shell("echo done"), 0, "Completed"), (shell("nosuchprogram"), 127, "Error"),
    (shell("kill -15 $$; sleep 1"), 0, "Completed"),  # process 1 is not ended by a signal that it does not handle
    (["/bin/false"], 1, "Error"), (shell("sh -c 'kill -9 $$'; exit $?"), 137, "Error"),
])
def test_exit_codes(machine, command, code, reason):
    container = machine.ended(command=command)
    assert (container.exit_code, container.reason) == (code, reason)


@pytest.mark.parametrize("command, why", [
    (["/no/such/file"], 'exec: "/no/such/file": stat /no/such/file: no such file or directory'),
    (["nosuch"], 'exec: "nosuch": executable file not found in $PATH'), (["/etc/passwd"], 'exec: "/etc/passwd": permission denied')])
def test_a_program_that_cannot_be_run(machine, box, command, why):
    with pytest.raises(StartError) as error:
        machine.container(command=command)
    assert str(error.value) == ("failed to create containerd task: failed to create shim task: OCI runtime create failed: "
                                f"runc create failed: unable to start container process: {why}")
    failed = list(machine.runtime.containers.values())[-1]
    assert (failed.reason, failed.exit_code, failed.message) == ("StartError", 128, str(error.value))
    with pytest.raises(ExecError, match="OCI runtime exec failed: exec failed: unable to start container process: exec: "):
        machine.exec(box, command)


def test_memory_over_the_limit_kills_the_whole_container(machine):
    started = time.perf_counter()
    hungry = machine.ended(command=shell("x=a; while true; do x=$x$x; done"), memory=16 << 20)
    child = machine.ended(command=shell("sh -c 'x=a; while true; do x=$x$x; done'; echo still here"), memory=16 << 20)
    for container in (hungry, child):
        assert (container.exit_code, container.reason, container.log, container.processes) == (137, "OOMKilled", [], [])
    assert time.perf_counter() - started < 2
    assert machine.container("polinux/stress", ["stress", "--vm", "1", "--vm-bytes", "250M"], memory=300 << 20).state == "running"
    assert machine.ended("polinux/stress", ["stress", "--vm", "1", "--vm-bytes", "250M"], memory=100 << 20).reason == "OOMKilled"


def test_a_cpu_limit_makes_work_take_longer_and_shows_in_the_control_group(machine):
    work = shell("i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done")
    free, half = machine.ended(command=work), machine.ended(command=work, cpu=0.5)
    assert half.finished_at - half.started_at == pytest.approx(2 * (free.finished_at - free.started_at), rel=0.05)
    assert half.cpu_seconds == pytest.approx(free.cpu_seconds, rel=0.05) and half.throttled_seconds > 0 == free.throttled_seconds
    box = machine.container(command=["sleep", "99"], cpu=0.5, memory=64 << 20)
    assert machine.exec(box, "cd /sys/fs/cgroup; cat cpu.max memory.max; head -n 1 cgroup.procs")[0] == "50000 100000\n67108864\n1\n"


def test_stop_sends_term_and_kill_always_ends(machine):
    handles = machine.container(command=shell("trap 'echo leaving; exit 0' TERM; while true; do sleep 0.2; done"))
    ignores = machine.container(command=["sleep", "3600"])
    machine.clock.run(3.05)
    for container in (handles, ignores):
        machine.runtime.stop(container)
    machine.clock.run(60)
    assert (handles.exit_code, log(handles), round(handles.finished_at, 3)) == (0, "leaving\n", 3.2)
    assert ignores.state == "running"
    ignores.kill()
    assert (ignores.state, ignores.exit_code, ignores.reason) == ("exited", 137, "Error")


def test_kill_from_inside_does_not_end_process_1(machine, box):
    machine.exec(box, "kill -9 1; kill 1")
    assert box.state == "running"


def test_logs_are_lines_with_their_times(machine):
    container = machine.ended(command=shell("echo one; printf two; sleep 1; echo .; echo err >&2; printf end"))
    assert [(round(at, 2), stream, line) for at, stream, line in container.log] == [
        (0.0, "stdout", b"one\n"), (1.0, "stdout", b"two.\n"), (1.0, "stderr", b"err\n"), (1.0, "stdout", b"end")]


def test_a_log_keeps_its_newest_ten_mebibytes(machine):
    container = machine.ended(command=shell("yes 0123456789012345678901234567890123456789 | head -n 300000"))
    assert container.log_size < 10 << 20 and container.log_dropped > 0
    assert container.log_dropped + len(container.log) == 300_000


def test_exec_passes_input_output_errors_and_code(machine, box):
    assert machine.exec(box, "echo out; echo err >&2; exit 3") == ("out\n", "err\n", 3)
    assert machine.exec(box, ["cat"], stdin="typed in\n") == ("typed in\n", "", 0)


def test_containers_of_a_pod_share_address_and_not_files_or_processes(machine):
    web = machine.container("registry.k8s.io/e2e-test-images/agnhost:2.47", args=["netexec", "--http-port=8080"], name="pair")
    side = machine.container(command=shell("touch /only-here; exec sleep 3600"), sandbox=web.sandbox)
    assert machine.exec(side, "wget -qO- http://localhost:8080/hostname")[0] == "pair"
    assert machine.exec(web, ["ls", "/only-here"]) == ("", "ls: /only-here: No such file or directory\n", 1)
    assert machine.exec(side, ["ps", "-o", "args"])[0] == "COMMAND\nsleep 3600\nps -o args\n"


def test_a_shared_process_space_has_pause_as_process_1(machine):
    one = machine.container(command=["sleep", "1111"], spec={"shareProcessNamespace": True})
    two = machine.container(command=["sleep", "2222"], sandbox=one.sandbox)
    assert machine.exec(two, "ps -o args | grep -E '^(sleep|/pause)' | sort")[0] == "/pause\nsleep 1111\nsleep 2222\n"
    machine.exec(one, "kill $(ps -o pid,args | awk '/sleep 222[2]/ {print $1}')")
    assert (two.state, two.exit_code, one.state) == ("exited", 143, "running")


def test_a_shared_process_space_shows_the_other_containers_root(machine):
    """As a debugging container looks into one that has no shell."""
    one = machine.container("nginx:1.25", spec={"shareProcessNamespace": True})
    two = machine.container(command=["sleep", "2222"], sandbox=one.sandbox)
    number = "ps -o pid,args | awk '/nginx: mas[t]er/ {print $1}'"
    assert machine.exec(two, f"ls /proc/$({number})/root/usr/share/nginx/html")[0] == "50x.html\nindex.html\n"
    assert machine.exec(two, "ls /usr/share/nginx")[1:] == ("ls: /usr/share/nginx: No such file or directory\n", 1)


def test_killall_without_a_signal_is_a_term(machine, box):
    machine.exec(box, "sleep 1234 & sleep 2345 &")
    assert machine.exec(box, "killall sleep; ps -o args | grep -c 'sleep [12]'") == ("0\n", "", 1)


def test_the_node_sees_all_processes(machine, box):
    other = machine.container("nginx:1.25", name="web")
    host = machine.container(command=["sleep", "3600"], spec={"hostPID": True, "hostNetwork": True}, name="debug")
    seen = machine.exec(host, ["ps", "-o", "args"])[0]
    assert "sleep 36000" in seen and "nginx: master process" in seen
    inside, outside = (machine.exec(one, "ps -o pid,args | awk '/36[0]00/ {print $1}'")[0] for one in (box, host))
    assert int(inside) == 1 < 1000 < int(outside) and machine.exec(host, "pidof sleep")[0].split()[-1] == outside.strip()
    assert (host.sandbox.address, host.sandbox.hostname) == ("172.18.0.2", "node-1") and other.sandbox.address.startswith("10.244.")


def test_the_image_s_root_is_shared_and_a_read_only_one_stays_as_it_is(machine, box):
    twin = machine.container(command=["sleep", "3600"], name="twin")
    machine.exec(box, "echo changed > /etc/passwd; rm /bin/ls")
    assert machine.exec(twin, "head -n 1 /etc/passwd; ls /etc/passwd")[2] == 0
    sealed = machine.container(
        command=["sleep", "3600"], read_only=True, mounts=[("/data", Directory(0o2777, gid=2000))], user=1000, group=3000, groups=(2000,)
    )
    assert machine.exec(sealed, ["touch", "/x"]) == ("", "touch: /x: Read-only file system\n", 1)
    assert machine.exec(sealed, ["touch", "/data/x"])[2] == 0
    assert machine.exec(sealed, ["id"])[0] == "uid=1000 gid=3000 groups=2000,3000\n"
    assert machine.exec(sealed, "cat /data/x; stat -c '%u %g' /data/x; stat -c '%g %a' /data")[0] == "1000 2000\n2000 2777\n"


def test_an_address_is_given_back_when_the_sandbox_stops(machine, box):
    machine.runtime.stop_sandbox(box.sandbox)
    assert (box.state, box.exit_code, box.sandbox.address in machine.network.owner) == ("exited", 137, False)


# --- images -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(
    "reference, message",
    [
        (
            "nginx:nope",
            'rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/nginx:nope": '
            "failed to resolve image: docker.io/library/nginx:nope: not found",
        ),
        (
            "nosuchteam/nosuchapp:1.0",
            'failed to pull and unpack image "docker.io/nosuchteam/nosuchapp:1.0": failed to resolve image: pull access denied, '
            "repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
        ),
        (
            "Busy Box:1",
            'Failed to apply default image tag "Busy Box:1": couldn\'t parse image name "Busy Box:1": invalid reference format: '
            "repository name (library/Busy Box) must be lowercase",
        ),
    ],
)
def test_images_that_cannot_be_had(machine, reference, message):
    with pytest.raises(ImageError) as error:
        future = machine.runtime.pull(reference)
        machine.clock.run(until=future.done, limit=10)
        future.result()
    assert str(error.value) == message


def test_a_pull_takes_time_by_size_and_puts_the_image_on_the_node(machine):
    took = {}
    for reference in ("busybox:1.36", "python:3"):
        began, future = machine.clock.now, machine.runtime.pull(reference)
        assert machine.runtime.image(reference) is None
        machine.clock.run(until=future.done, limit=600)
        took[reference] = machine.clock.now - began
        assert machine.runtime.image(reference) is future.result()
    assert 0.1 < took["busybox:1.36"] < 2 < took["python:3"]


@pytest.mark.parametrize("reference, name", [
    ("nginx", "docker.io/library/nginx:latest"), ("a/b:1", "docker.io/a/b:1"), ("registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10"),
    ("localhost:5000/x", "localhost:5000/x:latest"), ("docker.io/library/busybox:1", "docker.io/library/busybox:1")])
def test_names_are_made_full(reference, name):
    assert catalogue.normalize(reference) == name


@pytest.mark.parametrize(
    "reference, known",
    [
        ("nginx:1.14.2", True),
        ("nginx:1.29-alpine", True),
        ("nginx:1.99", False),
        ("busybox:1.28", True),
        ("busybox:0.1", False),
        ("redis:7", True),
        ("python:3", True),
        ("alpine:3.20", True),
        ("mysql:8.0", True),
    ],
)
def test_tags_exist_as_on_docker_hub(reference, known):
    if known:
        assert catalogue.find(reference).size > 0
    else:
        with pytest.raises(ImageError):
            catalogue.find(reference)


def test_a_learner_s_image_runs_and_its_failure_is_a_clean_traceback(machine):
    @image("learner/hello:1.0", env={"GREETING": "hello"})
    async def hello(process):
        process.print(process.env["GREETING"], process.hostname, *process.args)
        await process.sleep(2)
        raise ValueError("oh no")
    container = machine.ended("learner/hello:1.0", args=["there"])
    assert (container.exit_code, container.reason, log(container, "stdout")) == (1, "Error", "hello box there\n")
    text = log(container, "stderr")
    assert text.startswith("Traceback") and text.endswith("ValueError: oh no\n")
    assert "tasks.py" not in text and "process.py" not in text
    assert container.finished_at == 2.0


def test_an_image_built_anew_is_what_runs_next_and_a_plain_function_will_do(machine):
    for text in ("first", "second"):
        @image("learner/edited:1.0")
        def program(process, text=text):
            process.print(text)
            return 3
        container = machine.ended("learner/edited:1.0")
        assert (log(container), container.exit_code) == (f"{text}\n", 3)


def test_a_program_that_awaits_something_foreign_is_told_what_to_await(machine):
    class Foreign:
        def __await__(self):
            yield None

    @image("learner/foreign:1.0")
    async def foreign(process):
        await Foreign()
    container = machine.ended("learner/foreign:1.0")
    assert container.exit_code == 1 and "await process.sleep(1)" in log(container, "stderr")


def test_an_interrupt_in_the_middle_of_a_program_ends_that_program_only(machine, box):
    @image("learner/endless:1.0")
    async def endless(process):
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        machine.container("learner/endless:1.0")
    assert machine.exec(box, "echo fine")[0] == "fine\n"
    assert [container.state for container in machine.runtime.containers.values()] == ["running", "exited"]


# --- cost and determinism -----------------------------------------------------------------------------------------

def test_waiting_containers_cost_no_event(machine):
    machine.runtime.preload("nginx:1.25")
    machine.network.add_node("node-1", "172.18.0.2", "10.244.0.0/16")
    for number in range(1000):
        sandbox = machine.runtime.run_sandbox({"metadata": {"name": f"web-{number}"}, "spec": {}})
        machine.runtime.start(machine.runtime.create_container(sandbox, "main", "nginx:1.25"))
    machine.clock.settle()
    assert machine.clock.peek() is None and len(machine.network.listeners) == 2000


def test_the_same_seed_gives_the_same_ids_and_random_bytes(machine):
    def draw(machine):
        box = machine.container(command=["sleep", "3600"])
        return box.id, machine.exec(box, "head -c 8 /dev/urandom | md5sum; mktemp")
    assert draw(machine) == draw(type(machine)())


def test_who_ends_the_first_process_has_said_so_before_it_goes(machine):
    web = machine.container("nginx:1.25", name="web")
    assert machine.exec(web, "kill -QUIT 1; echo sent") == ("sent\n", "", 0)
    machine.clock.run(machine.clock.now + 1)
    assert (web.state, web.exit_code) == ("exited", 0)


def test_a_shell_keeps_only_variables_that_have_a_name_of_its_own(machine):
    box = machine.container(command=shell("exec sleep 3600"), env={"a.txt": "x", "A": "y"})
    assert machine.exec(box, ["env"])[0].count("a.txt") == 1
    assert machine.exec(box, "env | grep -i ^a")[0] == "A=y\n"


def test_root_without_capabilities_cannot_give_files_away(machine):
    box = machine.container(command=shell("exec sleep 3600"), security={"capabilities": {"drop": ["ALL"]}})
    assert machine.exec(box, "chown 5 /tmp") == ("", "chown: /tmp: Operation not permitted\n", 1)
    assert machine.exec(box, "grep CapEff /proc/self/status")[0] == "CapEff:\t0000000000000000\n"


def test_what_the_network_looks_like_from_inside(machine, box):
    address = box.sandbox.address
    assert machine.exec(box, "ip -o addr show eth0")[0].split()[3] == f"{address}/24"
    assert machine.exec(box, "ip route")[0].startswith("default via ")


def test_bytes_shown(machine, box):
    assert machine.exec(box, r"printf 'a\0\n' | od -An -tx1; printf 'a\0\n' | od -c")[0] == " 61 00 0a\n0000000   a  \\0  \\n\n0000003\n"
