"""The shell and its commands answer as busybox does, take no host process, and cost nothing while they wait."""
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubelearn.kubelet.images.shell.parser import parse

RECORDED = yaml.safe_load(Path(__file__).with_name("busybox.yaml").read_text())


@pytest.mark.parametrize("case", RECORDED, ids=[case["script"].splitlines()[0][:40] for case in RECORDED])
def test_answers_as_recorded_from_busybox(machine, box, case):
    machine.exec(box, "mkdir /work")
    box.workdir = "/work"
    assert machine.exec(box, case["script"]) == (case["stdout"], case["stderr"], case["code"])


@pytest.mark.parametrize("program, what", [
    ("function f(a) {return a}", "function"), ("BEGIN {getline x < \"f\"}", "getline"), ("NR==1,NR==2", "a range of records"),
    ("{print | \"sort\"}", "printing into a file or a command"), ("{a[1,2]=3}", "an array with several keys")])
def test_awk_names_what_it_leaves_out(machine, box, program, what):
    assert machine.exec(box, ["awk", program]) == ("", f"awk: cmd. line:1: {what} is not simulated\n", 1)


def test_a_here_document_inside_of_a_substitution(machine, box):
    assert machine.exec(box, "echo a; $(cat <<E\necho hi\nE\n); x=$(cat <<E\nyo\nE\n) && echo $x")[:2] == ("a\nhi\nyo\n", "")


def test_commands_that_are_left_out_say_so(machine, box):
    assert machine.exec(box, "vi x") == ("", "vi: this command is not simulated\n", 127)
    assert machine.exec(box, "getopts a o") == ("", "sh: getopts: line 0: not simulated\n", 2)
    assert machine.exec(box, "echo x | sed N") == ("", "sed: unsupported command N\n", 1)


def test_names_joined_by_dots_are_one_word(machine, box):
    """What tree-sitter's grammar gets wrong, and every script about services has."""
    assert machine.exec(box, "A=db B=prod; echo $A-0.$A.$B.svc ${A}x$B.")[0] == "db-0.db.prod.svc dbxprod.\n"


def test_a_loop_that_sleeps_keeps_time_and_costs_one_turn_each(machine):
    container = machine.container(command=["sh", "-c", "while true; do sleep 0.5; echo tick; done"])
    machine.clock.run(3600)
    assert len(container.log) == 7200 and container.log[-1][0] == 3600.0


def test_a_busy_loop_does_not_stop_the_clock_and_costs_less_the_longer_it_runs(machine):
    container = machine.container(command=["sh", "-c", "while true; do :; done"])
    asked = machine.clock._count
    machine.clock.run(86_400)
    assert container.state == "running" and machine.clock._count - asked < 10_000
    assert container.cpu_seconds > 80_000


def test_a_trap_runs_after_the_command_that_is_waited_for_and_at_once_in_wait(machine):
    slow = machine.container(command=["sh", "-c", "trap 'echo bye; exit 3' TERM; sleep 10; echo never"])
    quick = machine.container(command=["sh", "-c", "trap 'echo bye; exit 3' TERM; sleep 10 & wait"])
    machine.clock.run(1)
    for container in (slow, quick):
        machine.runtime.stop(container)
    machine.clock.run(20)
    assert (slow.finished_at, slow.exit_code, quick.finished_at, quick.exit_code) == (10.0, 3, 1.0, 3)


def test_the_reader_of_a_pipe_sees_the_end_only_when_every_writer_is_gone(machine, box):
    began = machine.clock.now
    assert machine.exec(box, "(sleep 5; echo late) & echo early") == ("early\n", "", 0)
    out, _, _ = machine.exec(box, "{ (sleep 5; echo late) & echo early; } | cat")
    assert out == "early\nlate\n" and machine.clock.now - began >= 5


def test_an_endless_writer_ends_with_its_reader(machine, box):
    assert machine.exec(box, "yes | head -n 1; while true; do echo x; done | head -n 2; echo done")[0] == "y\nx\nx\ndone\n"
    machine.clock.run(machine.clock.now + 1)
    assert [process.argv for process in box.processes] == [["sleep", "36000"]]


def test_a_fork_bomb_takes_its_own_container_with_it(machine, box):
    other = machine.container(command=["sleep", "3600"], name="other")
    bomb = machine.ended(command=["sh", "-c", ":() { : | : & }; :; sleep 60"], name="bomb")
    assert (bomb.reason, bomb.exit_code, other.state, box.state) == ("OOMKilled", 137, "running", "running")


def test_commands_come_from_standard_input_too(machine, box):
    assert machine.exec(box, ["sh"], stdin="x=1\nif true; then\necho $x\nfi\nexit 4\n") == ("1\n", "", 4)


@pytest.mark.parametrize(
    "text, whole",
    [
        ("echo a", True),
        ("if true; then", False),
        ("echo 'a", False),
        ("cat <<E\nx", False),
        ("a &&", False),
        ("for i in 1; do echo", False),
        ("fi", True),
        ("echo $(", False),
    ],
)
def test_a_prompt_knows_whether_more_is_to_come(text, whole):
    assert parse(text).incomplete is not whole


@pytest.mark.parametrize("script, error", [("a;; b", 'unexpected ";;"'), ("if true; then", 'unexpected end of file (expecting "fi")'),
                                           ('echo "abc', "unterminated quoted string"), ("&& x", 'unexpected "&&"')])
def test_syntax_errors_are_ash_s(script, error):
    assert parse(script).error == error


def test_ctrl_c_ends_what_runs_and_not_the_shell_and_ctrl_d_ends_it(machine):
    """What `kubectl run -it` and `kubectl exec -it` rest on."""
    container = machine.container(command=["sh"], stdin=True, tty=True)
    for keys in (
        b"echo a\r",
        b"sleep 1000\r",
        b"\x03",
        b"while true; do sleep 1; done\r",
        b"\x03",
        b"echo typd\x7fed\x03",
        b"exit 7\x7f9\r",
    ):
        container.input.write(keys)
        machine.clock.run(machine.clock.now + 2.5)
    assert (container.state, container.exit_code, container.finished_at < 30) == ("exited", 9, True)
    shown = b"".join(line for _, _, line in container.log)
    assert shown.startswith(b"/ # echo a\r\na\r\n/ # sleep 1000\r\n^C\r\n/ # while true")
    other = machine.container(command=["sh"], stdin=True, tty=True, name="other")
    other.input.write(b"\x04")
    machine.clock.settle()
    assert (other.state, other.exit_code) == ("exited", 0)


def test_a_terminal_shows_a_prompt_and_what_is_typed(machine, box):
    process = machine.runtime.exec(box, ["sh"], stdin=True, tty=True)
    machine.clock.settle()
    process.input.write(b"echo hi\r")
    machine.clock.settle()
    process.input.write(b"exit 2\r")
    machine.clock.run(until=process.exit.done, limit=10)
    assert bytes(process.output.buffer) == b"/ # echo hi\r\nhi\r\n/ # exit 2\r\n" and process.exit.result() == 2


WORDS = (
    'echo a \'b\' "$x" $x ${x:-d} $(echo q) `ls` | || && & ; ;; ( ) { } if then else fi while do done for in case esac < > >> '
    '2>&1 <<E ! [ [[ ] -f /etc x=1 $((1+2)) $(( \' " \\ $ # * ? cat grep sed awk cut sort head -n 1 tr xargs find s/a/b/ NR==1 '
    'test wc -l false exit set -e trap wait read local f() return break shift eval exec printf %d expr seq 3 tee nslookup ps '
    'kill $! ${ ${#x} ${x/a/b} tar cf - stat mv cp ln chmod 777 -exec -name {} ^ '
).split()


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join))
def test_no_script_breaks_the_shell_itself(machine, script):
    """Whatever is typed, the command ends or waits; it is never our own error that ends it."""
    machine = type(machine)()
    box = machine.container(command=["sleep", "36000"])
    process = machine.runtime.exec(box, ["sh", "-c", script])
    machine.clock.run(until=process.exit.done, limit=100)
    assert b"Traceback" not in process.errors.buffer


def test_a_pattern_that_is_none_stands_for_itself(machine, box):
    assert machine.exec(box, "touch f; echo [] [z-a] [; case [] in []) echo same;; esac") == ("[] [z-a] [\nsame\n", "", 0)
