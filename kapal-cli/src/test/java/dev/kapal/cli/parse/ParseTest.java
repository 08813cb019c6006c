package dev.kapal.cli.parse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.cli.model.UsageException;
import dev.kapal.engine.spec.MountSpec;
import dev.kapal.engine.spec.SecuritySpec;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class ParseTest {
  private static final Instant NOW = Instant.parse("2026-06-01T12:00:00Z");

  private static void refuses(Runnable work, String part) {
    assertThatThrownBy(work::run).isInstanceOf(UsageException.class).hasMessageContaining(part);
  }

  @Test
  void sizes() {
    assertThat(Scalars.size("memory", "512m")).isEqualTo(512L << 20);
    assertThat(Scalars.size("memory", "1.5g")).isEqualTo(3L << 29);
    assertThat(Scalars.size("memory", "100")).isEqualTo(100);
    assertThat(Scalars.size("memory", "64KiB")).isEqualTo(64 << 10);
    assertThat(Scalars.size("memory", "2GB")).isEqualTo(2L << 30);
    assertThat(Scalars.size("memory", "7b")).isEqualTo(7);
    assertThat(Scalars.sizeOrUnlimited("memory-swap", "-1")).isEqualTo(-1);
    assertThat(Scalars.memory("memory", "6m")).isEqualTo(6L << 20);
    assertThat(Scalars.memory("memory", "0")).isZero();
    refuses(() -> Scalars.memory("memory", "512"), "give at least 6m");
    for (String bad :
        List.of("", "x", "-1", "1x", "1e9", "99999999999999999999", "9999999999t", "1..5", " 1")) {
      refuses(() -> Scalars.size("memory", bad), "invalid value \"" + bad + "\" for --memory");
    }
  }

  @Test
  void durationsAndTimes() {
    assertThat(Scalars.duration("d", "1h30m")).isEqualTo(Duration.ofMinutes(90));
    assertThat(Scalars.duration("d", "1.5s")).isEqualTo(Duration.ofMillis(1500));
    assertThat(Scalars.duration("d", "250ms")).isEqualTo(Duration.ofMillis(250));
    assertThat(Scalars.duration("d", "0")).isZero();
    assertThat(Scalars.duration("d", "-2s")).isEqualTo(Duration.ofSeconds(-2));
    for (String bad : List.of("", "10", "s", "1x", "1s2", "999999999999h")) {
      refuses(() -> Scalars.duration("d", bad), "not a duration");
    }
    assertThat(moment("10m")).isEqualTo("2026-06-01T11:50:00Z");
    assertThat(moment("2026-01-31")).isEqualTo("2026-01-31T00:00:00Z");
    assertThat(moment("2026-01-31T10")).isEqualTo("2026-01-31T10:00:00Z");
    assertThat(moment("2026-01-31T10:20:30")).isEqualTo("2026-01-31T10:20:30Z");
    assertThat(moment("2026-01-31T10:20:30.5+02:00")).isEqualTo("2026-01-31T08:20:30.500Z");
    assertThat(moment("1780000000.25"))
        .isEqualTo(Instant.ofEpochSecond(1780000000L, 250_000_000).toString());
    refuses(() -> moment("yesterday"), "not a time");
  }

  private static String moment(String text) {
    return Scalars.moment("since", text, NOW, ZoneOffset.UTC).toString();
  }

  @Test
  void cpus() {
    assertThat(Scalars.nanoCpus("cpus", "1.5")).isEqualTo(1_500_000_000L);
    refuses(() -> Scalars.nanoCpus("cpus", "-1"), "not a number of CPUs");
    refuses(() -> Scalars.nanoCpus("cpus", "1.0000000001"), "not a number of CPUs");
    refuses(() -> Scalars.nanoCpus("cpus", "1e99999999"), "not a number of CPUs");
  }

  private static MountSpec volume(String text) {
    return MountParser.volume(text, path -> path.startsWith("/") ? path : "/here/" + path);
  }

  @Test
  void volumes() {
    MountSpec bind = volume("./data:/data:ro,rshared");
    assertThat(bind.type()).isEqualTo(MountSpec.Type.BIND);
    assertThat(bind.source()).isEqualTo("/here/./data");
    assertThat(bind.readOnly()).isTrue();
    assertThat(bind.createSource()).isTrue();
    assertThat(bind.propagation()).contains("rshared");
    assertThat(volume("cache:/c:nocopy").noCopy()).isTrue();
    assertThat(volume("/c").source()).isEmpty();
    assertThat(volume("/a:/b:Z").readOnly()).isFalse();
    refuses(() -> volume("/a:b"), "not absolute");
    refuses(() -> volume("/a:/b:bogus"), "\"bogus\" is not known");
    refuses(() -> volume("/a:/b:ro,rw"), "exclude each other");
    refuses(() -> volume("a:b:c:d"), "colons");
    refuses(() -> volume("/a::ro"), "empty");
    refuses(() -> volume("/a:/"), "root directory");
    refuses(() -> volume("/a:/b:U"), "not supported");
    refuses(() -> volume("no/slashes:/x"), "volume name");
  }

  private static MountSpec mount(String text) {
    return MountParser.mount(text, path -> path.startsWith("/") ? path : "/here/" + path);
  }

  @Test
  void mounts() {
    MountSpec bind = mount("type=bind,src=/a,dst=/b,readonly,bind-propagation=rslave");
    assertThat(bind.readOnly()).isTrue();
    assertThat(bind.createSource()).isFalse();
    assertThat(bind.propagation()).contains("rslave");
    assertThat(mount("target=/v").type()).isEqualTo(MountSpec.Type.VOLUME);
    assertThat(mount("type=tmpfs,dst=/t,tmpfs-size=64m,tmpfs-mode=1777").tmpfsSize())
        .hasValue(64L << 20);
    assertThat(mount("type=bind,\"src=/a,b\",dst=/c").source()).isEqualTo("/a,b");
    assertThat(
            mount("type=volume,src=x,dst=/v,volume-opt=o=size=1m,volume-label=a=b").volumeOptions())
        .isEqualTo(Map.of("o", "size=1m"));
    assertThat(mount("type=bind,src=/a,dst=/b,ro=false").readOnly()).isFalse();
    assertThat(mount("type=bind,src=/a,dst=/b,bind-recursive=readonly").recursiveReadOnly())
        .isTrue();
    refuses(() -> mount("type=bind,dst=/b"), "needs a source");
    refuses(() -> mount("type=bind,src=/a"), "target is missing");
    refuses(() -> mount("type=nfs,src=/a,dst=/b"), "not bind, volume or tmpfs");
    refuses(() -> mount("type=tmpfs,dst=/b,bind-propagation=rslave"), "does not go with");
    refuses(() -> mount("type=bind,src=/a,dst=/b,bogus=1"), "\"bogus\" is not known");
    refuses(() -> mount("type=bind,src,dst=/b"), "has no value");
    refuses(() -> mount("type=bind,\"src=/a,dst=/b"), "not closed");
  }

  @Test
  void tmpfs() {
    MountSpec tmpfs = MountParser.tmpfs("/run:rw,size=64m,mode=1777,noexec");
    assertThat(tmpfs.tmpfsSize()).hasValue(64L << 20);
    assertThat(tmpfs.tmpfsMode()).hasValue(01777);
    assertThat(tmpfs.options()).containsExactly("noexec");
    refuses(() -> MountParser.tmpfs("run"), "not absolute");
    refuses(() -> MountParser.tmpfs("/run:mode=9"), "not octal");
  }

  @Test
  void limits() {
    assertThat(Limits.ulimit("nofile=1024:2048").hard()).isEqualTo(2048);
    assertThat(Limits.ulimit("core=-1").soft()).isEqualTo(-1);
    assertThat(Limits.ulimit("memlock=unlimited").hard()).isEqualTo(-1);
    refuses(() -> Limits.ulimit("nofile"), "NAME=SOFT");
    refuses(() -> Limits.ulimit("bogus=1"), "is not known");
    refuses(() -> Limits.ulimit("nofile=2:1"), "above the hard limit");
    assertThat(Limits.device("/dev/a:rw").permissions()).isEqualTo("rw");
    assertThat(Limits.device("/dev/a:/dev/b:r").containerPath()).isEqualTo("/dev/b");
    refuses(() -> Limits.device("/dev/a:/dev/b:x"), "not of r, w and m");
    assertThat(Limits.deviceSize("device-read-bps", "/dev/sda:1mb").value()).isEqualTo(1 << 20);
    refuses(() -> Limits.deviceSize("device-read-bps", "/dev/sda"), "DEVICE:RATE");
    assertThat(Limits.idMapping("uidmap", "0:100000:65536").size()).isEqualTo(65536);
  }

  @Test
  void ports() {
    assertThat(NetworkParser.port("127.0.0.1:8080:80/udp").toString())
        .isEqualTo("127.0.0.1:8080:80/udp");
    refuses(() -> NetworkParser.port("80:x"), "invalid port mapping");
    assertThat(NetworkParser.expose("80-82/udp")).containsExactly("80/udp", "81/udp", "82/udp");
    refuses(() -> NetworkParser.expose("1:2"), "use -p");
    assertThat(NetworkParser.host("db:10.0.0.5")).isEqualTo("db:10.0.0.5");
    assertThat(NetworkParser.host("db=fd00::5")).isEqualTo("db:fd00::5");
    assertThat(NetworkParser.host("me:host-gateway")).isEqualTo("me:host-gateway");
    refuses(() -> NetworkParser.host("db:nowhere"), "not an IP address");
    refuses(() -> NetworkParser.address("dns", "1.2.3"), "not an IP address");
    refuses(() -> NetworkParser.address("dns", "1.2.3.999"), "not an IP address");
    assertThat(NetworkParser.network("name=web,ip=10.0.0.2,alias=a,alias=b").endpoint().aliases())
        .containsExactly("a", "b");
    refuses(() -> NetworkParser.network("ip=10.0.0.2"), "has no name");
  }

  @Test
  void environmentAndLabels() {
    assertThat(
            Pairs.environment("env", List.of("A=b=c", "HOME", "NOPE", "E="), Map.of("HOME", "/h")))
        .containsExactly("A=b=c", "HOME=/h", "E=");
    refuses(() -> Pairs.environment("env", List.of("=x"), Map.of()), "no name");
    assertThat(Pairs.lines("env-file", "f", "\ufeffA=1\r\n# c\n\n  B=2 \nC"))
        .containsExactly("A=1", "B=2 ", "C");
    refuses(() -> Pairs.lines("env-file", "f", "A=1\nB C=2"), "line 2");
    assertThat(Pairs.loose("label", List.of("a", "b=c=d"))).isEqualTo(Map.of("a", "", "b", "c=d"));
    refuses(() -> Pairs.strict("sysctl", List.of("a")), "not KEY=VALUE");
  }

  @Test
  void security() {
    SecuritySpec.Builder b = SecuritySpec.builder();
    SecurityParser.options(
        List.of(
            "no-new-privileges",
            "seccomp=unconfined",
            "apparmor=mine",
            "label=type:x_t",
            "systempaths=unconfined"),
        file -> "{}",
        b);
    SecuritySpec spec = b.build();
    assertThat(spec.noNewPrivileges()).isTrue();
    assertThat(spec.seccomp()).isEqualTo(SecuritySpec.Seccomp.UNCONFINED);
    assertThat(spec.selinuxLabel()).contains("system_u:system_r:x_t:s0");
    assertThat(spec.unmaskSystemPaths()).isTrue();
    refuses(
        () -> SecurityParser.options(List.of("bogus=1"), f -> f, SecuritySpec.builder()),
        "is not known");
    refuses(
        () -> SecurityParser.options(List.of("seccomp"), f -> f, SecuritySpec.builder()),
        "has no value");
  }

  @Test
  void whateverIsTypedOnlyUsageExceptionsLeave() {
    List<Consumer<String>> parsers =
        List.of(
            t -> Scalars.size("o", t),
            t -> Scalars.duration("o", t),
            t -> Scalars.nanoCpus("o", t),
            t -> Scalars.moment("o", t, NOW, ZoneOffset.UTC),
            t -> volume(t),
            t -> mount(t),
            t -> MountParser.tmpfs(t),
            t -> Limits.ulimit(t),
            t -> Limits.device(t),
            t -> Limits.deviceSize("o", t),
            t -> Limits.idMapping("o", t),
            t -> NetworkParser.port(t),
            t -> NetworkParser.expose(t),
            t -> NetworkParser.host(t),
            t -> NetworkParser.network(t),
            t -> NetworkParser.mac("o", t),
            t -> Pairs.lines("o", "f", t),
            t -> SecurityParser.options(List.of(t), f -> f, SecuritySpec.builder()));
    String[] pieces = {
      "1",
      "9999999999999",
      "-",
      ":",
      "/",
      ",",
      "=",
      "a",
      ".",
      "m",
      "s",
      "type=bind",
      "src=/a",
      "dst=/b",
      "[",
      "]",
      "::",
      "\"",
      "\0",
      "é",
      " ",
      "ro",
      "nofile",
      "tcp",
      "0",
      "T",
      "Z",
      "name=x",
      "ip="
    };
    Random random = new Random(3);
    for (int n = 0; n < 6_000; n++) {
      StringBuilder text = new StringBuilder();
      for (int k = random.nextInt(8); k >= 0; k--) {
        text.append(pieces[random.nextInt(pieces.length)]);
      }
      for (Consumer<String> parser : parsers) {
        try {
          parser.accept(text.toString());
        } catch (UsageException e) {
          assertThat(e.message()).isNotBlank();
        }
      }
    }
  }
}
