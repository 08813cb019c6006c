package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * What a host with cgroup v2 alone, AppArmor and every capability shows, in a virtual machine of
 * the test's own. Where a limit is set both ends are looked at: the kernel's file, and what happens
 * to who goes beyond. It runs beside the other tests: the machine takes minutes and shares nothing.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock(GuestTest.ALONE)
final class GuestTest {
  /** Its own tests come one after the other. */
  static final String ALONE = "the machine";

  private static final Duration SUITE = Duration.ofMinutes(20);

  /** They run in the background while the client is used. */
  private static final String SUITES =
      Stream.of(
              "linux.CgroupsTest",
              "linux.DeviceProgramTest",
              "runtime.oci.CrunBehaviourTest",
              "runtime.oci.ShimRuncBehaviourTest",
              "runtime.monitor.SecurityTest",
              "runtime.monitor.NativeRuntimeTest")
          .map(name -> "dev.kapal." + name)
          .collect(Collectors.joining(" "));

  private Guest guest;
  private GuestKapal kapal;

  @BeforeAll
  void boot() {
    guest = Guest.boot();
    kapal = new GuestKapal(guest);
    guest
        .sh(
            "cd /root; mkdir tmp; (\n"
                + "\"$(cat /etc/jdk)\"/bin/java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto"
                + " --enable-native-access=ALL-UNNAMED -Djava.io.tmpdir=/root/tmp"
                + " -cp \"$(echo /guest/lib/*.jar /kapal/lib/*.jar | tr ' ' :):/guest/classes\""
                + " dev.kapal.it.GuestSuite "
                + SUITES
                + " >suite 2>&1; touch suite.done) &")
        .mustSucceed();
    kapal.launch();
  }

  @AfterAll
  void off() {
    if (guest != null) {
      guest.close();
    }
  }

  @AfterEach
  void nothingIsLeftOver() {
    String ids = kapal.ok("ps", "-aq");
    if (!ids.isEmpty()) {
      kapal.ok(Stream.concat(Stream.of("rm", "-f"), ids.lines()).toArray(String[]::new));
    }
    assertThat(kapal.shell("find /sys/fs/cgroup/kapal -mindepth 1 -type d")).isEmpty();
    assertThat(kapal.shell("grep -c ' /var/lib/kapal\\| /run/kapal' /proc/self/mountinfo || :"))
        .isEqualTo("0");
    assertThat(
            kapal.shell("ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c ' /run/kapal/.*sandbox' || :"))
        .isEqualTo("0");
  }

  /** Containers through their life. */
  @Nested
  final class Life extends LifecycleCases {
    @Override
    Kapal open() {
      return shared();
    }
  }

  /** What a newcomer does. */
  @Nested
  final class MainJob extends MainJobCases {
    @Override
    Kapal open() {
      return shared();
    }
  }

  /** The same daemon, which goes on when its user is done. */
  private Kapal shared() {
    return new GuestKapal(guest) {
      @Override
      public void close() {
        // It is the others' too.
      }
    };
  }

  /** Words of {@code run --network none}, with more. */
  private String[] run(String... more) {
    return Stream.concat(Stream.of("run", "--network", "none"), Arrays.stream(more))
        .toArray(String[]::new);
  }

  /** A container that only sleeps; its id. */
  private String sleeper(String... flags) {
    return kapal.ok(
        run(
            Stream.concat(
                    Stream.concat(Stream.of("-d", "--name", "c"), Arrays.stream(flags)),
                    Stream.of("busybox", "sleep", "1000"))
                .toArray(String[]::new)));
  }

  /** A file of a container's cgroup, as the host sees it. */
  private String file(String id, String name) {
    return kapal.shell("cat /sys/fs/cgroup/kapal/" + id + "/" + name);
  }

  private String inside(String script) {
    return kapal.ok("exec", "c", "sh", "-c", script);
  }

  @Test
  void theMachineIsWhatItIsFor() {
    assertThat(kapal.shell("grep cgroup /proc/mounts | cut -d' ' -f3")).isEqualTo("cgroup2");
    assertThat(kapal.shell("grep ^CapEff /proc/self/status")).endsWith("ffffffff");
    assertThat(kapal.ok("info", "--format", "json")).contains("apparmor");
  }

  @Test
  void whoNeedsMoreMemoryThanItsLimitIsKilled() {
    Result killed =
        kapal.command(
            run(
                "--name",
                "oom",
                "-m",
                "16m",
                "busybox",
                "dd",
                "if=/dev/zero",
                "of=/dev/null",
                "bs=64M",
                "count=4"));
    assertThat(killed.status()).as(killed.err()).isEqualTo(137);
    assertThat(kapal.ok("inspect", "-f", "{{.State.OOMKilled}} {{.State.ExitCode}}", "oom"))
        .isEqualTo("true 137");
    // A process beside the first one is killed as well, and the container goes on.
    String id = sleeper("-m", "16m");
    Result beside = kapal.command("exec", "c", "dd", "if=/dev/zero", "of=/dev/null", "bs=64M");
    assertThat(beside.status()).as(beside.err()).isEqualTo(137);
    assertThat(file(id, "memory.events")).contains("oom_kill 1");
    assertThat(kapal.ok("inspect", "-f", "{{.State.Status}}", "c")).isEqualTo("running");
  }

  @Test
  void limitsAreInTheFilesAndChangeableWhileItRuns() {
    String id =
        sleeper(
            "-m",
            "64m",
            "--memory-swap",
            "96m",
            "--memory-reservation",
            "32m",
            "--cpus",
            "0.5",
            "--cpu-shares",
            "512",
            "--cpuset-cpus",
            "1",
            "--pids-limit",
            "20");
    String files =
        "cd /sys/fs/cgroup/kapal/"
            + id
            + " && cat memory.max memory.swap.max memory.low cpu.max cpuset.cpus pids.max cpu.weight";
    assertThat(kapal.shell(files).lines())
        .startsWith("67108864", "33554432", "33554432", "50000 100000", "1", "20");
    assertThat(inside("cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max; nproc"))
        .isEqualTo("67108864\n20\n1");
    Result forks = kapal.command("exec", "c", "sh", "-c", "for i in $(seq 40); do sleep 5 & done");
    assertThat(forks.status()).isNotZero();
    assertThat(forks.err()).contains("can't fork");
    assertThat(file(id, "pids.events")).doesNotContain("max 0");
    kapal.ok(
        "update",
        "-m",
        "128m",
        "--memory-swap",
        "-1",
        "--cpus",
        "2",
        "--pids-limit",
        "-1",
        "--cpuset-cpus",
        "0-1",
        "c");
    assertThat(kapal.shell(files).lines())
        .startsWith("134217728", "max", "33554432", "200000 100000", "0-1", "max");
  }

  @Test
  void aShareOfTheProcessorIsAllItGets() {
    long before = uptime();
    String id = sleeper("--cpus", "0.2");
    inside("timeout 3 sh -c 'while :; do :; done'; :");
    String stat = file(id, "cpu.stat");
    // By the machine's own clock: on a slow host the three seconds are many more.
    long elapsed = uptime() - before;
    assertThat(number(stat, "nr_throttled")).isPositive();
    assertThat(number(stat, "usage_usec")).isPositive().isLessThan(elapsed / 2);
  }

  /** How long the machine has run, in microseconds. */
  private long uptime() {
    return Math.round(Double.parseDouble(kapal.shell("cut -d' ' -f1 /proc/uptime")) * 1e6);
  }

  private static long number(String text, String key) {
    return text.lines()
        .filter(line -> line.startsWith(key + " "))
        .mapToLong(line -> Long.parseLong(line.substring(key.length() + 1)))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void writingToADiskIsSlowedDown() {
    String id =
        sleeper("--device-write-bps", "/dev/vda:1mb", "--device-read-iops", "/dev/vda:1000");
    String max = file(id, "io.max");
    assertThat(max).contains("rbps=max").contains("wbps=1048576").contains("riops=1000");
    String time =
        inside(
            "a=$(cut -d. -f1 /proc/uptime)"
                + " && dd if=/dev/zero of=/big bs=256k count=12 oflag=direct 2>/dev/null"
                + " && echo $(($(cut -d. -f1 /proc/uptime) - a))");
    assertThat(Integer.parseInt(time)).isGreaterThanOrEqualTo(2);
    assertThat(file(id, "io.stat")).contains("wbytes=3145728");
    assertThat(kapal.ok("stats", "--no-stream", "--format", "{{.BlockIO}}", "c"))
        .endsWith("3.15MB");
  }

  @Test
  void filesOfCgroupsAreWrittenAsAsked() {
    String id =
        sleeper(
            "--cgroup-conf",
            "memory.high=50331648",
            "--cgroup-conf",
            "hugetlb.2MB.max=4194304",
            "--cgroup-conf",
            "memory.oom.group=1");
    assertThat(file(id, "memory.high")).isEqualTo("50331648");
    assertThat(file(id, "hugetlb.2MB.max")).isEqualTo("4194304");
    assertThat(file(id, "memory.oom.group")).isEqualTo("1");
    Result wrong = kapal.command(run("--cgroup-conf", "memory.high=much", "busybox", "true"));
    assertThat(wrong.status()).isEqualTo(125);
    assertThat(wrong.err()).contains("memory.high").contains("much");
    Result path = kapal.command(run("--cgroup-conf", "../x.y=1", "busybox", "true"));
    assertThat(path.status()).isEqualTo(125);
    assertThat(path.err()).contains("../x.y");
  }

  @Test
  void hugePagesAreLimited() {
    String write = "mkdir /h && mount -t hugetlbfs h /h && fallocate -l ";
    String limit = "hugetlb.2MB.max=4194304";
    assertThat(
            kapal
                .command(
                    run(
                        "--rm",
                        "--privileged",
                        "--cgroup-conf",
                        limit,
                        "busybox",
                        "sh",
                        "-c",
                        write + "4194304 /h/f"))
                .mustSucceed()
                .err())
        .isEmpty();
    Result more =
        kapal.command(
            run(
                "--rm",
                "--privileged",
                "--cgroup-conf",
                limit,
                "busybox",
                "sh",
                "-c",
                write + "6291456 /h/f"));
    assertThat(more.status()).as(more.err()).isNotZero();
  }

  @Test
  void statisticsAreWhatTheKernelCounts() {
    String id = sleeper("-m", "64m", "--pids-limit", "30");
    inside("head -c 8388608 /dev/zero > /dev/shm/eight; sleep 30 & :");
    String[] told =
        kapal
            .ok(
                "stats",
                "--no-stream",
                "--format",
                "{{.MemUsage}}|{{.MemPerc}}|{{.PIDs}}|{{.CPUPerc}}",
                "c")
            .split("\\|", -1);
    long current = Long.parseLong(file(id, "memory.current"));
    assertThat(current).isBetween(8L << 20, 20L << 20);
    assertThat(told[0]).endsWith("/ 64MiB");
    double mebibytes = Double.parseDouble(told[0].substring(0, told[0].indexOf("MiB")));
    assertThat(mebibytes).isBetween(8.0, current / 1048576.0 + 1);
    assertThat(Double.parseDouble(told[1].replace("%", "")))
        .isBetween(mebibytes / 64 * 100 - 1, mebibytes / 64 * 100 + 1);
    assertThat(told[2]).isEqualTo(file(id, "pids.current"));
    assertThat(told[3]).endsWith("%");
  }

  @Test
  void aPausedContainerIsFrozen() {
    String id =
        kapal.ok(
            run(
                "-d",
                "--name",
                "c",
                "busybox",
                "sh",
                "-c",
                "while :; do echo >> /beat; sleep 0.1; done"));
    kapal.ok("pause", "c");
    assertThat(file(id, "cgroup.freeze")).isEqualTo("1");
    assertThat(file(id, "cgroup.events")).contains("frozen 1");
    String before = file(id, "cpu.stat");
    assertThat(kapal.ok("inspect", "-f", "{{.State.Status}}", "c")).isEqualTo("paused");
    Result exec = kapal.command("exec", "c", "true");
    assertThat(exec.status()).isNotZero();
    assertThat(exec.err()).contains("paused");
    assertThat(number(file(id, "cpu.stat"), "user_usec")).isEqualTo(number(before, "user_usec"));
    kapal.ok("unpause", "c");
    assertThat(file(id, "cgroup.events")).contains("frozen 0");
    inside("a=$(wc -l </beat); until [ $(wc -l </beat) -gt $a ]; do sleep 0.1; done");
  }

  @Test
  void devicesAreAllowedByAProgram() {
    sleeper("--device", "/dev/vda:/dev/disk:r", "--device-cgroup-rule", "c 10:229 rw");
    // A node may always be made; what it stands for decides about opening it.
    Result made =
        kapal.command(
            "exec",
            "c",
            "sh",
            "-c",
            "cd /tmp; mknod full c 1 7; mknod kmsg c 1 11; mknod vda b $((0x$(stat -c %t /dev/disk)))"
                + " $((0x$(stat -c %T /dev/disk))); mknod fuse c 10 229; mknod port c 1 4\n"
                + "echo x 2>&- >full && echo full || echo nospace; cat kmsg >/dev/null && echo kmsg;"
                + " head -c 512 /dev/disk | wc -c; head -c 512 vda | wc -c;"
                + " echo x >>/dev/disk && echo written; (: <>fuse) && echo fuse; (: <port) && echo port;:");
    assertThat(made.out()).isEqualTo("nospace\n512\n512\n");
    assertThat(made.err().lines())
        .containsExactly(
            "cat: can't open 'kmsg': Operation not permitted",
            "sh: can't create /dev/disk: Operation not permitted",
            // Allowed by its rule; that there is no such device is the next thing to be found.
            "sh: can't create fuse: No such device",
            "sh: can't open port: Operation not permitted");
  }

  @Test
  void thePrivilegedMayDoAll() {
    sleeper("--privileged");
    assertThat(inside("grep ^CapEff /proc/self/status; cat /proc/self/attr/current"))
        .doesNotContain("00000000a80425fb")
        .contains("unconfined");
    assertThat(
            inside(
                "mknod /k c 1 11 && : </k && head -c 512 /dev/vda | wc -c"
                    + " && mkdir /sys/fs/cgroup/own && cat /sys/fs/cgroup/own/cgroup.type"))
        .isEqualTo("512\ndomain");
  }

  @Test
  void aContainerSeesItsCgroupAsTheRoot() {
    String id = sleeper();
    assertThat(inside("cat /proc/self/cgroup /proc/1/cgroup")).isEqualTo("0::/\n0::/");
    assertThat(inside("mkdir /sys/fs/cgroup/x 2>/dev/null || echo refused")).isEqualTo("refused");
    String pid = kapal.ok("inspect", "-f", "{{.State.Pid}}", "c");
    assertThat(kapal.shell("cat /proc/" + pid + "/cgroup")).isEqualTo("0::/kapal/" + id);
    assertThat(kapal.ok(run("--rm", "--cgroupns", "host", "busybox", "cat", "/proc/self/cgroup")))
        .startsWith("0::/kapal/");
  }

  @Test
  void whatNeedsAPrivilegeOfTheDaemonIsGranted() {
    sleeper(
        "--oom-score-adj",
        "-500",
        "--ulimit",
        "nofile=600000:700000",
        "--ulimit",
        "memlock=-1:-1",
        "--ulimit",
        "core=-1");
    assertThat(inside("cat /proc/1/oom_score_adj /proc/self/oom_score_adj; ulimit -n; ulimit -Hn"))
        .isEqualTo("-500\n-500\n600000\n700000");
    assertThat(inside("grep 'locked memory' /proc/1/limits")).contains("unlimited");
  }

  @Test
  void anAppArmorProfileIsAppliedAndEnforced() {
    String[] with = {"--security-opt", "apparmor=kapal-guest"};
    sleeper(with);
    assertThat(inside("cat /proc/1/attr/current /proc/self/attr/current"))
        .isEqualTo("kapal-guest (enforce)\nkapal-guest (enforce)");
    assertThat(inside("echo a >/allowed; cat /allowed; echo b >/forbidden || echo denied"))
        .isEqualTo("a\ndenied");
    assertThat(kapal.ok("inspect", "-f", "{{.AppArmorProfile}}", "c")).isEqualTo("kapal-guest");
    assertThat(
            kapal.ok(
                run(
                    "--rm",
                    "--security-opt",
                    "apparmor=unconfined",
                    "busybox",
                    "cat",
                    "/proc/self/attr/current")))
        .isEqualTo("unconfined");
    Result unknown =
        kapal.command(run("--rm", "--security-opt", "apparmor=no-such-profile", "busybox", "true"));
    assertThat(unknown.status()).isEqualTo(125);
    assertThat(unknown.err().strip().lines()).hasSize(1);
    assertThat(unknown.err()).contains("no-such-profile").contains("load it with apparmor_parser");
    Result noNewPrivileges =
        kapal.command(
            run(
                "--rm",
                "--security-opt",
                "no-new-privileges",
                with[0],
                with[1],
                "busybox",
                "cat",
                "/proc/self/attr/current"));
    assertThat(noNewPrivileges.text()).isEqualTo("kapal-guest (enforce)");
  }

  @Test
  void aUserNamespaceHasLimitsToo() {
    String id = sleeper("--userns", "private", "-m", "32m", "--pids-limit", "20");
    assertThat(inside("tr -s ' ' </proc/self/uid_map; id -u; cat /proc/self/cgroup").strip())
        .isEqualTo("0 100000 65536\n0\n0::/");
    assertThat(file(id, "memory.max")).isEqualTo("33554432");
    String pid = kapal.ok("inspect", "-f", "{{.State.Pid}}", "c");
    assertThat(kapal.shell("awk '/^Uid/ { print $2 }' /proc/" + pid + "/status"))
        .isEqualTo("100000");
    kapal.ok("pause", "c");
    assertThat(file(id, "cgroup.events")).contains("frozen 1");
    kapal.ok("unpause", "c");
  }

  @Test
  void containersOutliveTheDaemon() {
    String id = sleeper("-m", "16m", "--pids-limit", "20");
    String paused = kapal.ok(run("-d", "--name", "p", "busybox", "sleep", "1000"));
    kapal.ok("pause", "p");
    kapal.ok(
        run(
            "-d",
            "--name",
            "o",
            "-m",
            "16m",
            "busybox",
            "sh",
            "-c",
            "until [ -e /go ]; do sleep 0.2; done; exec dd if=/dev/zero of=/dev/null bs=64M"));
    String root =
        kapal.ok("inspect", "-f", "{{.State.Pid}}", "o").transform(pid -> "/proc/" + pid + "/root");
    kapal.kill9();
    // What happens while nobody looks is known afterwards.
    kapal.shell("touch " + root + "/go; while [ -e " + root + "/bin ]; do sleep 0.1; done");
    kapal.launch();
    kapal.ok("wait", "o");
    assertThat(kapal.ok("inspect", "-f", "{{.State.Status}}", "c", "p"))
        .isEqualTo("running\npaused");
    assertThat(kapal.ok("inspect", "-f", "{{.State.ExitCode}} {{.State.OOMKilled}}", "o"))
        .isEqualTo("137 true");
    assertThat(file(paused, "cgroup.events")).contains("frozen 1");
    kapal.ok("unpause", "p");
    kapal.ok("update", "-m", "20m", "--memory-swap", "20m", "c");
    assertThat(file(id, "memory.max")).isEqualTo("20971520");
    assertThat(inside("cat /proc/self/cgroup")).isEqualTo("0::/");
    assertThat(kapal.command("exec", "c", "dd", "if=/dev/zero", "of=/dev/null", "bs=64M").status())
        .isEqualTo(137);
  }

  /** What other modules' tests find here that they could not find on the host. */
  @TestFactory
  Stream<DynamicTest> testsOfOtherModules() {
    Result result =
        guest.sh("until [ -e /root/suite.done ]; do sleep 0.2; done; cat /root/suite", SUITE);
    assertThat(result.out()).as(result.toString()).contains("TEST ");
    return result
        .out()
        .lines()
        .filter(line -> line.startsWith("TEST "))
        .map(line -> line.split(" ", -1))
        .map(word ->
            DynamicTest.dynamicTest(word[1] + " " + word[2], () -> report(word[3], text(word[5]))));
  }

  private static String text(String word) {
    byte[] bytes = Base64.getDecoder().decode(word.substring(0, word.length() - 1));
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static void report(String outcome, String why) {
    Assumptions.assumeFalse(outcome.equals("ABORTED") || outcome.equals("SKIPPED"), why);
    assertThat(outcome).as(why).isEqualTo("SUCCESSFUL");
  }

  @Test
  void crunDoesAllOfItToo() {
    withRuntime("crun");
  }

  @Test
  void runcDoesAllOfItToo() {
    withRuntime("runc");
  }

  private void withRuntime(String runtime) {
    String id = sleeper("--runtime", runtime, "-m", "32m", "--pids-limit", "20", "--cpus", "0.5");
    assertThat(file(id, "memory.max")).isEqualTo("33554432");
    assertThat(file(id, "cpu.max")).isEqualTo("50000 100000");
    assertThat(inside("cat /proc/self/cgroup")).isEqualTo("0::/");
    kapal.ok("update", "--pids-limit", "40", "c");
    assertThat(file(id, "pids.max")).isEqualTo("40");
    kapal.ok("pause", "c");
    assertThat(file(id, "cgroup.events")).contains("frozen 1");
    kapal.ok("unpause", "c");
    Result killed = kapal.command("exec", "c", "dd", "if=/dev/zero", "of=/dev/null", "bs=128M");
    assertThat(killed.status()).as(killed.err()).isEqualTo(137);
    assertThat(
            kapal
                .command(
                    run("--rm", "--runtime", runtime, "busybox", "mknod", "/dev/x", "b", "7", "9"))
                .status())
        .isZero();
  }
}
