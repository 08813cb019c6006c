package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A host that systemd runs, in a virtual machine: it makes the control groups of all containers,
 * and knows of them what Kapal knows.
 */
@EnabledIfSystemProperty(
    named = "kapal.it.systemd",
    matches = "true",
    disabledReason = "boots a virtual machine of its own: -Dkapal.it.systemd=true")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class GuestSystemdTest {
  private static final String POD =
      "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice";

  /** A pod, and a container, for crictl. */
  private static final String FILES =
      """
      mkdir -p /run/logs
      cat >/run/pod.json <<'E'
      {"metadata": {"name": "p", "namespace": "n", "uid": "1"}, "log_directory": "/run/logs",
       "linux": {"cgroup_parent": "POD",
                 "security_context": {"namespace_options": {"network": 2}}}}
      E
      cat >/run/c.json <<'E'
      {"metadata": {"name": "c"}, "image": {"image": "localhost/busybox:latest"},
       "command": ["sleep", "1000"], "log_path": "c.log",
       "linux": {"resources": {"memory_limit_in_bytes": 5242880}}}
      E
      """;

  private static final String CRICTL =
      "crictl -r unix:///run/kapal/kapal.sock -i unix:///run/kapal/kapal.sock -t 60s ";

  private Guest guest;
  private GuestKapal kapal;

  @BeforeAll
  void boot() {
    guest = Guest.boot("systemd");
    assumeTrue(
        guest.sh("test -d /run/systemd/system").status() == 0, "the guest needs systemd and dbus");
    kapal = new GuestKapal(guest);
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
    assertThat(
            kapal.shell(
                "systemctl list-units --all --plain --no-legend '*kapal-*' '*-pod*.slice';"
                    + " find /sys/fs/cgroup -name '*kapal*'; grep -l 'until[-]eof' /proc/[0-9]*/cmdline 2>/dev/null || :"))
        .isEmpty();
  }

  private String sleeper(String... flags) {
    return kapal.ok(
        Stream.of(
                Stream.of("run", "-d", "--name", "c", "--network", "none"),
                Stream.of(flags),
                Stream.of("busybox", "sleep", "1000"))
            .flatMap(words -> words)
            .toArray(String[]::new));
  }

  private String file(String cgroup, String name) {
    return kapal.shell("cat /sys/fs/cgroup" + cgroup + "/" + name);
  }

  private String property(String unit, String name) {
    return kapal.shell("systemctl show -p " + name + " --value " + unit);
  }

  @Test
  void systemdIsFoundAndReported() {
    assertThat(kapal.ok("info", "-f", "{{.CgroupDriver}}")).isEqualTo("systemd");
    Result path = kapal.command("run", "--rm", "--cgroup-parent", "/x", "busybox", "true");
    assertThat(path.status()).isEqualTo(125);
    assertThat(path.err()).contains("\"/x\" is no slice").contains("daemon.cgroup_driver");
  }

  @ParameterizedTest
  @ValueSource(strings = {"native", "runc", "crun"})
  void aContainerIsAScope(String runtime) {
    String id = sleeper("--runtime", runtime, "-m", "64m", "--pids-limit", "20");
    String unit = "kapal-" + id + ".scope";
    String cgroup = "/system.slice/" + unit;
    assertThat(property(unit, "ActiveState")).isEqualTo("active");
    assertThat(property(unit, "Delegate")).isEqualTo("yes");
    assertThat(file(cgroup, "cgroup.procs").lines()).hasSize(1);
    assertThat(file(cgroup, "memory.max")).isEqualTo("67108864");
    kapal.ok("update", "-m", "96m", "--memory-swap", "96m", "c");
    kapal.shell("systemctl daemon-reload");
    assertThat(file(cgroup, "memory.max")).isEqualTo("100663296");
    assertThat(property(unit, "MemoryMax")).isEqualTo("100663296");
    assertThat(file(cgroup, "pids.max")).isEqualTo("20");
    assertThat(kapal.ok("stats", "--no-stream", "--format", "{{.PIDs}}", "c")).isEqualTo("1");
    kapal.ok("pause", "c");
    assertThat(file(cgroup, "cgroup.events")).contains("frozen 1");
    kapal.ok("unpause", "c");
    // The reload has not given it the host's disk either.
    String disk = kapal.shell("echo $((0x$(stat -c %t /dev/vda))) $((0x$(stat -c %T /dev/vda)))");
    Result open = kapal.command("exec", "c", "sh", "-c", "mknod /d b " + disk + " && : </d");
    assertThat(open.status()).isNotZero();
    assertThat(open.err()).contains("Operation not permitted");
    kapal.ok("stop", "-t", "0", "c");
    assertThat(property(unit, "LoadState")).isEqualTo("not-found");
    kapal.ok("start", "c");
    assertThat(property(unit, "ActiveState")).isEqualTo("active");
    kapal.ok("rm", "-f", "c");
    assertThat(property(unit, "LoadState")).isEqualTo("not-found");
  }

  @Test
  void aKillForWantOfMemoryIsKnownThoughTheGroupIsGone() {
    for (int i = 0; i < 3; i++) {
      Result killed =
          kapal.command(
              ("run --name c --network none -m 16m busybox dd if=/dev/zero of=/dev/null bs=64M")
                  .split(" ", -1));
      assertThat(killed.status()).isEqualTo(137);
      assertThat(kapal.ok("inspect", "-f", "{{.State.OOMKilled}}", "c")).isEqualTo("true");
      kapal.ok("rm", "c");
    }
  }

  @Test
  void scopesOutliveTheDaemon() {
    String id = sleeper("--cgroup-parent", "my-own.slice");
    String oom =
        kapal.ok(
            "run",
            "-d",
            "--name",
            "o",
            "-m",
            "16m",
            "--network",
            "none",
            "busybox",
            "sh",
            "-c",
            "until [ -e /go ]; do sleep 0.2; done; exec dd if=/dev/zero of=/dev/null bs=64M");
    String root =
        kapal.ok("inspect", "-f", "{{.State.Pid}}", "o").transform(p -> "/proc/" + p + "/root");
    kapal.kill9();
    kapal.shell("touch " + root + "/go; while [ -e " + root + "/bin ]; do sleep 0.1; done");
    kapal.shell(
        "while [ -e /sys/fs/cgroup/system.slice/kapal-" + oom + ".scope ]; do sleep 0.1; done");
    kapal.launch();
    assertThat(kapal.ok("inspect", "-f", "{{.State.Status}}", "c")).isEqualTo("running");
    assertThat(kapal.ok("inspect", "-f", "{{.State.ExitCode}} {{.State.OOMKilled}}", "o"))
        .isEqualTo("137 true");
    String cgroup = "/my.slice/my-own.slice/kapal-" + id + ".scope";
    assertThat(file(cgroup, "cgroup.procs").lines()).hasSize(1);
    kapal.ok("update", "--pids-limit", "30", "c");
    assertThat(file(cgroup, "pids.max")).isEqualTo("30");
  }

  @ParameterizedTest
  @ValueSource(strings = {"native", "runc"})
  void podsAreSlices(String handler) {
    assumeTrue(kapal.sh("command -v crictl").status() == 0, "the guest needs crictl");
    kapal.shell(FILES.replace("POD", POD));
    kapal.shell("echo 'timeout: 60' >/etc/crictl.yaml");
    answers();
    assertThat(kapal.shell(CRICTL + "info")).contains("\"cgroupDriver\": \"systemd\"");
    String pod = kapal.shell(CRICTL + "runp --runtime " + handler + " /run/pod.json");
    String id = kapal.shell(CRICTL + "create " + pod + " /run/c.json /run/pod.json");
    kapal.shell(CRICTL + "start " + id);
    String unit = "cri-kapal-" + id + ".scope";
    assertThat(property(unit, "Slice")).isEqualTo("kubepods-burstable-pod1.slice");
    assertThat(file(POD + "/" + unit, "memory.max")).isEqualTo("5242880");
    assertThat(kapal.shell(CRICTL + "exec -s " + id + " echo hello")).isEqualTo("hello");
    kapal.kill9();
    kapal.launch();
    answers();
    assertThat(kapal.shell(CRICTL + "ps -q --no-trunc")).isEqualTo(id);
    kapal.shell(CRICTL + "stopp " + pod + " && " + CRICTL + "rmp " + pod);
    assertThat(property(unit, "LoadState")).isEqualTo("not-found");
    // The slice is the kubelet's to remove.
    kapal.shell("systemctl stop kubepods.slice");
    // A pod without a parent has one of its own, which goes with it.
    kapal.shell("sed -i 's/\"cgroup_parent\": \"[^\"]*\",//' /run/pod.json");
    String own = kapal.shell(CRICTL + "runp --runtime " + handler + " /run/pod.json");
    String second = kapal.shell(CRICTL + "create " + own + " /run/c.json /run/pod.json");
    kapal.shell(CRICTL + "start " + second);
    assertThat(property("cri-kapal-" + second + ".scope", "Slice"))
        .isEqualTo("system-pod" + own + ".slice");
    kapal.shell(CRICTL + "rmp -f " + own);
  }

  /** What serves the kubelet begins with its first client, and crictl is less patient. */
  private void answers() {
    kapal.shell("until " + CRICTL + "version >/dev/null 2>&1; do sleep 0.5; done");
  }
}
