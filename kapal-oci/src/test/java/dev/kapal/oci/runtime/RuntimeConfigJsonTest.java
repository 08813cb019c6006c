package dev.kapal.oci.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RuntimeConfigJsonTest {
  private static final String FULL =
      """
      {"ociVersion":"1.3.0","hostname":"h","domainname":"d","root":{"path":"rootfs","readonly":true},
       "process":{"terminal":true,"consoleSize":{"height":25,"width":80},"cwd":"/","args":["sh"],
        "env":["A=b","C="],"user":{"uid":4294967294,"gid":7,"umask":63,"additionalGids":[1,2]},
        "capabilities":{"bounding":["CAP_CHOWN"],"effective":["CAP_CHOWN"],"permitted":["CAP_CHOWN"]},
        "rlimits":[{"type":"RLIMIT_NOFILE","soft":1024,"hard":18446744073709551615}],
        "noNewPrivileges":true,"oomScoreAdj":-5,"ioPriority":{"class":"IOPRIO_CLASS_BE","priority":3},
        "execCPUAffinity":{"initial":"0","final":"0-1"},
        "scheduler":{"policy":"SCHED_BATCH","nice":3}},
       "mounts":[{"destination":"/proc","type":"proc","source":"proc","options":["nosuid"],"future":1}],
       "hooks":{"createRuntime":[{"path":"/bin/x","args":["x"],"env":["K=v"],"timeout":3}]},
       "annotations":{"b":"1","a":"2"},"unknownMember":{"x":[1,2]},
       "linux":{"namespaces":[{"type":"pid"},{"type":"mount"},{"type":"uts"},{"type":"network","path":"/run/n"},{"type":"time"}],
        "sysctl":{"net.ipv4.ip_forward":"1"},"cgroupsPath":"/a/b","rootfsPropagation":"slave",
        "timeOffsets":{"boottime":{"secs":-3,"nanosecs":5}},
        "resources":{"memory":{"limit":1048576,"disableOOMKiller":false},"blockIO":{"weight":100,
          "throttleReadIOPSDevice":[{"major":8,"minor":0,"rate":18446744073709551615}]},
          "cpu":{"shares":3,"quota":-1},"pids":{"limit":5},"unified":{"memory.high":"1"},
          "devices":[{"allow":false,"access":"rwm"}]},
        "seccomp":{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,"architectures":["SCMP_ARCH_X86_64"],
          "syscalls":[{"names":["clone"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":18446744073709551614,"valueTwo":0,"op":"SCMP_CMP_MASKED_EQ"}]}]}}}
      """;

  private static byte[] bytes(String s) {
    return s.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void readsEveryKindOfMember() {
    RuntimeConfig config = RuntimeConfigJson.read(bytes(FULL));
    RuntimeConfigValidator.check(config);
    Process process = config.process().orElseThrow();
    assertThat(process.user().uid()).isEqualTo(4294967294L);
    assertThat(process.user().umask()).contains(63);
    assertThat(process.rlimits().getFirst().hard()).isEqualTo(-1L);
    assertThat(process.capabilities().orElseThrow().ambient()).isEmpty();
    assertThat(process.execCpuAffinity().orElseThrow().last()).isEqualTo("0-1");
    assertThat(process.ioPriority().orElseThrow().ioClass()).isEqualTo("IOPRIO_CLASS_BE");
    assertThat(config.annotations()).containsExactly(Map.entry("b", "1"), Map.entry("a", "2"));
    Linux linux = config.linux().orElseThrow();
    assertThat(linux.namespace(NamespaceType.NETWORK).orElseThrow().path()).contains("/run/n");
    Resources resources = linux.resources().orElseThrow();
    assertThat(resources.memory().orElseThrow().limit()).contains(1048576L);
    assertThat(resources.memory().orElseThrow().disableOomKiller()).contains(false);
    assertThat(resources.blockIo().orElseThrow().throttleReadIopsDevice().getFirst().rate())
        .isEqualTo(-1L);
    Seccomp seccomp = linux.seccomp().orElseThrow();
    assertThat(seccomp.defaultAction()).isEqualTo(SeccompAction.ERRNO);
    assertThat(seccomp.syscalls().getFirst().args().getFirst().value()).isEqualTo(-2L);
  }

  @Test
  void writesWhatItRead() {
    RuntimeConfig config = RuntimeConfigJson.read(bytes(FULL));
    byte[] json = RuntimeConfigJson.write(config);
    assertThat(RuntimeConfigJson.read(json)).isEqualTo(config);
    assertThat(new String(json, StandardCharsets.UTF_8))
        .contains("18446744073709551615", "\"blockIO\"")
        .doesNotContain("\"poststop\"", "null");
  }

  @Test
  void smallestConfigHasDefaults() {
    RuntimeConfig config =
        RuntimeConfigJson.read(
            bytes("{\"ociVersion\":\"1.0.2\",\"process\":{\"args\":[\"a\"],\"cwd\":\"/\"}}"));
    assertThat(config.mounts()).isEmpty();
    assertThat(config.hooks()).isEqualTo(Hooks.empty());
    assertThat(config.process().orElseThrow().user()).isEqualTo(Process.User.ROOT);
    RuntimeConfigValidator.check(config.withLinux(Linux.empty()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"ociVersion\":\"1.0.0\",\"ociVersion\":\"1.0.0\"}",
        "{\"ociVersion\":\"1.0.0\"} x",
        "[1]",
        "null",
        "{",
        "{\"process\":{\"user\":{\"uid\":1.5}}}",
        "{\"process\":{\"user\":{\"uid\":\"0\"}}}",
        "{\"process\":{\"user\":{\"uid\":99999999999999999999}}}",
        "{\"process\":{\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"soft\":-1,\"hard\":1}]}}",
        "{\"process\":{\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"soft\":18446744073709551616,\"hard\":1}]}}",
      })
  void refusesWhatIsNotOfTheSpecifiedTypes(String json) {
    assertThatThrownBy(() -> RuntimeConfigJson.read(bytes(json)))
        .isInstanceOf(RuntimeConfigException.class);
  }

  @Test
  void refusesHugeDocuments() {
    assertThatThrownBy(() -> RuntimeConfigJson.read(new byte[RuntimeConfigJson.MAX_BYTES + 1]))
        .isInstanceOf(RuntimeConfigException.class)
        .hasMessageContaining("at most");
  }

  private static List<String> fields(RuntimeConfig config) {
    try {
      RuntimeConfigValidator.check(config);
      return List.of();
    } catch (RuntimeConfigException e) {
      return e.problems().stream().map(RuntimeConfigException.Problem::field).toList();
    }
  }

  @Test
  void namesTheFieldOfEveryBrokenRule() {
    RuntimeConfig good =
        RuntimeConfig.empty()
            .withProcess(Process.empty().withArgs(List.of("a")).withCwd("/"))
            .withLinux(
                Linux.empty().withNamespaces(List.of(Namespace.create(NamespaceType.MOUNT))));
    assertThat(fields(good)).isEmpty();
    Process p = good.process().orElseThrow();
    assertThat(fields(good.withOciVersion("2.0.0"))).containsExactly("ociVersion");
    assertThat(fields(good.withProcess(p.withCwd("x")))).containsExactly("process.cwd");
    assertThat(fields(good.withProcess(p.withArgs(List.of())))).contains("process.args");
    assertThat(fields(good.withProcess(p.withEnv(List.of("=x"))))).containsExactly("process.env");
    assertThat(
            fields(
                good.withProcess(
                    p.withUser(new Process.User(4294967295L, 0, Optional.empty(), List.of())))))
        .containsExactly("process.user.uid");
    assertThat(fields(good.withProcess(p.withApparmorProfile("a\nchangeprofile b"))))
        .containsExactly("process.apparmorProfile");
    assertThat(fields(good.withHostname("x"))).containsExactly("hostname");
    assertThat(fields(good.withMounts(List.of(Mount.of("rel", "tmpfs", "t")))))
        .containsExactly("mounts[0].destination");
    assertThat(fields(good.withLinux(good.linux().orElseThrow().withSysctl(Map.of("../x", "1")))))
        .containsExactly("linux.sysctl");
    assertThat(
            fields(
                good.withLinux(
                    good.linux()
                        .orElseThrow()
                        .withResources(Resources.empty().withUnified(Map.of("../x", "1"))))))
        .containsExactly("linux.resources.unified");
    assertThat(fields(good.withLinux(good.linux().orElseThrow().withMaskedPaths(List.of("a\0b")))))
        .containsExactly("linux.maskedPaths", "linux.maskedPaths");
  }

  @ParameterizedTest
  @CsvSource({
    "MPOL_BIND, 0-1, '', ''",
    "MPOL_PREFERRED, '', MPOL_F_STATIC_NODES, ''",
    "MPOL_LOCAL, '', '', ''",
    "MPOL_LOCAL, 0, '', nodes",
    "MPOL_DEFAULT, 0, '', nodes",
    "MPOL_INTERLEAVE, '', '', nodes",
    "MPOL_WEIGHTED_INTERLEAVE, x, '', nodes",
    "mpol_bind, 0, '', mode",
    "MPOL_BIND, 0, MPOL_F_NONE, flags",
    "MPOL_BIND, 0, 'MPOL_F_STATIC_NODES MPOL_F_RELATIVE_NODES', flags"
  })
  void memoryPolicies(String mode, String nodes, String flags, String broken) {
    RuntimeConfig config =
        RuntimeConfig.empty()
            .withLinux(
                Linux.empty()
                    .withNamespaces(List.of(Namespace.create(NamespaceType.MOUNT)))
                    .withMemoryPolicy(
                        new MemoryPolicy(
                            mode, nodes, flags.isEmpty() ? List.of() : List.of(flags.split(" ")))));
    assertThat(fields(config))
        .isEqualTo(broken.isEmpty() ? List.of() : List.of("linux.memoryPolicy." + broken));
  }

  @Test
  void cpuLists() {
    assertThat(CpuList.parse("0-2,5").orElseThrow().toString()).isEqualTo("{0, 1, 2, 5}");
    assertThat(CpuList.parse("3-1")).isEmpty();
    assertThat(CpuList.parse("1,,2")).isEmpty();
    assertThat(CpuList.parse("0-99999999")).isEmpty();
    assertThat(CpuList.parse("")).contains(new java.util.BitSet());
  }
}
