package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** linux.netDevices: a device of a network namespace of the test's becomes a container's. */
final class NetDevicesTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final String namespace = "kapal-dev-" + ProcessHandle.current().pid();

  @BeforeEach
  void make() {
    assumeTrue(Files.isExecutable(Path.of("/usr/sbin/ip")), "needs iproute2");
    Commands.sh(
            "ip netns add %1$s && ip -n %1$s link add kdev0 mtu 1400 address 02:00:00:00:00:07"
                    .formatted(namespace)
                + " type veth peer name kpeer0 && ip -n %1$s addr add 192.0.2.7/24 dev kdev0"
                    .formatted(namespace)
                + " && ip -n %1$s addr add 2001:db8::7/64 dev kdev0 nodad".formatted(namespace)
                + " && ip -n %1$s link set kpeer0 up".formatted(namespace))
        .mustSucceed();
  }

  @AfterEach
  void remove() {
    Commands.sh("ip netns del " + namespace);
  }

  private Result inside(DropIn dropIn, String... words) {
    List<String> line = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + namespace));
    line.addAll(dropIn.line(words));
    return Commands.run(line, dropIn.environment(), "", LIMIT);
  }

  private static Path bundle(DropIn dropIn, String devices) {
    return dropIn.bundle(
        "net",
        "c['linux']['netDevices'] = " + devices,
        "sh",
        "-c",
        "ip addr; cat /sys/class/net/eth9/operstate");
  }

  @Test
  void movesRenamesAndKeepsWhatItWas() {
    try (DropIn dropIn = DropIn.alone()) {
      Path bundle = bundle(dropIn, "{'kdev0': {'name': 'eth9'}}");
      Result result = inside(dropIn, "run", "--bundle", bundle.toString(), "a");
      assertThat(result.err()).isEmpty();
      assertThat(result.status()).isZero();
      assertThat(result.out())
          .contains("eth9")
          .doesNotContain("kdev0")
          .contains("mtu 1400", "02:00:00:00:00:07")
          .contains("192.0.2.7/24", "2001:db8::7/64")
          .endsWith("up\n");
      // What was virtual went with the container's namespace, and its peer with it.
      Result links = Commands.sh("ip -n " + namespace + " link");
      assertThat(links.out()).doesNotContain("kdev0");
    }
  }

  @Test
  void whatCannotBeMovedIsSaid() {
    try (DropIn dropIn = DropIn.alone()) {
      Result missing =
          inside(dropIn, "run", "--bundle", bundle(dropIn, "{'nothing0': {}}").toString(), "a");
      assertThat(missing.status()).isEqualTo(1);
      assertThat(missing.err()).contains("nothing0", "no such network device");
      Result bad =
          inside(
              dropIn,
              "run",
              "--bundle",
              bundle(dropIn, "{'kdev0': {'name': 'a/b'}}").toString(),
              "a");
      assertThat(bad.status()).isEqualTo(1);
      assertThat(bad.err()).contains("a/b");
      assertThat(Commands.sh("ip -n " + namespace + " link").out()).contains("kdev0");
    }
  }

  /** A device's number means another one elsewhere. */
  @Test
  void aDaemonElsewhereDoesNotGuess() {
    try (DropIn dropIn = DropIn.withDaemon()) {
      Result refused =
          inside(dropIn, "run", "--bundle", bundle(dropIn, "{'kdev0': {}}").toString(), "a");
      assertThat(refused.status()).isEqualTo(1);
      assertThat(refused.err()).contains("another network namespace");
      assertThat(Commands.sh("ip -n " + namespace + " link").out()).contains("kdev0");
    }
  }
}
