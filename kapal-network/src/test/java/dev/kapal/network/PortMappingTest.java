package dev.kapal.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class PortMappingTest {
  private static final List<Protocol> PROTOCOLS =
      List.of(Protocol.TCP, Protocol.UDP, Protocol.SCTP);

  @ParameterizedTest
  @CsvSource({
    "80,80/tcp",
    "80/udp,80/udp",
    "80/SCTP,80/sctp",
    "8080:80,8080:80/tcp",
    ":80,:80/tcp",
    "0:80,80/tcp",
    "8000-8010:80,8000-8010:80/tcp",
    "8000-8010:9000-9010/udp,8000-8010:9000-9010/udp",
    "7000-7002,7000-7002/tcp",
    "127.0.0.1:8080:80,127.0.0.1:8080:80/tcp",
    "127.0.0.1::80,127.0.0.1::80/tcp",
    "[::1]:8080:80,[::1]:8080:80/tcp",
    "[fd00::1]::80/udp,[fd00::1]::80/udp",
    "0.0.0.0:53:53/udp,0.0.0.0:53:53/udp",
  })
  void reads(String text, String meaning) {
    // ":80" is "80" with an empty host port.
    assertThat(PortMapping.parse(text).toString()).isEqualTo(meaning.replaceFirst("^:", ""));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "x",
        "0",
        "65536",
        "80:",
        "80:x",
        "-1",
        "80-",
        "-80",
        "90-80",
        "1-2-3",
        "80/",
        "80/icmp",
        "8000-8002:80-81",
        "80:80:80:80",
        "localhost:80:80",
        "1.2.3:80:80",
        "01.2.3.4:80:80",
        "[::1:80:80",
        "[::1]80:80",
        "::1:80:80",
        "[::1%eth0]:80:80",
        "999999999999:80",
        " 80",
        "+80",
        "8\u0660:80",
        "[]:80:80",
        "1.2.3.4.5:80:80",
        "[1.2.3.4]x:1:1"
      })
  void refuses(String text) {
    assertThatThrownBy(() -> PortMapping.parse(text))
        .isInstanceOf(NetworkException.Invalid.class)
        .hasMessageStartingWith("invalid port mapping \"" + text + "\"");
  }

  @Test
  void whatIsWrittenReadsBack() {
    Random random = new Random(42);
    for (int i = 0; i < 20_000; i++) {
      PortMapping mapping = any(random);
      assertThat(PortMapping.parse(mapping.toString())).isEqualTo(mapping);
    }
  }

  private static PortMapping any(Random random) {
    byte[] bytes = new byte[random.nextBoolean() ? 4 : 16];
    random.nextBytes(bytes);
    if (bytes.length == 16 && random.nextBoolean()) {
      java.util.Arrays.fill(bytes, random.nextInt(8), 8 + random.nextInt(8), (byte) 0);
    }
    Optional<InetAddress> address =
        random.nextBoolean() ? Optional.empty() : Optional.of(Addresses.of(bytes));
    int size = 1 + random.nextInt(random.nextBoolean() ? 1 : 20);
    PortRange container = range(random, size);
    Optional<PortRange> host =
        switch (random.nextInt(3)) {
          case 0 -> Optional.empty();
          case 1 -> Optional.of(range(random, size == 1 ? 1 + random.nextInt(9) : size));
          default -> Optional.of(range(random, size));
        };
    return new PortMapping(address, host, container, PROTOCOLS.get(random.nextInt(3)));
  }

  private static PortRange range(Random random, int size) {
    int first = 1 + random.nextInt(65_535 - size);
    return new PortRange(first, first + size - 1);
  }

  @Test
  void garbageIsRefusedOrRead() {
    Random random = new Random(7);
    String letters = "0123456789:/-[].abcdefTCPudp% \n";
    for (int i = 0; i < 100_000; i++) {
      StringBuilder text = new StringBuilder();
      for (int n = random.nextInt(24); n > 0; n--) {
        text.append(letters.charAt(random.nextInt(letters.length())));
      }
      assertThatCode(
              () -> {
                try {
                  PortMapping read = PortMapping.parse(text.toString());
                  assertThat(PortMapping.parse(read.toString())).isEqualTo(read);
                } catch (NetworkException.Invalid e) {
                  assertThat(e).hasMessageStartingWith("invalid port mapping");
                }
              })
          .as(text.toString())
          .doesNotThrowAnyException();
    }
  }

  @Test
  void portsAreReservedOnceAndFreed() throws Exception {
    PortReservations ports = new PortReservations();
    List<PublishedPort> one = ports.reserve("one", List.of(PortMapping.parse("7000-7004")));
    assertThat(one).hasSize(5).extracting(PublishedPort::hostPort).doesNotHaveDuplicates();
    int taken = one.getFirst().hostPort();
    for (String text : List.of(taken + ":1", "127.0.0.1:" + taken + ":1")) {
      assertThatThrownBy(() -> ports.reserve("two", List.of(PortMapping.parse(text))))
          .isInstanceOf(NetworkException.Conflict.class)
          .hasMessageContaining("by container one");
    }
    assertThat(ports.reserve("two", List.of(PortMapping.parse(taken + ":1/udp")))).hasSize(1);
    try (var server = new java.net.ServerSocket(0)) {
      int busy = server.getLocalPort();
      assertThatThrownBy(() ->
              ports.reserve(
                  "three", List.of(PortMapping.parse("1"), PortMapping.parse(busy + ":1"))))
          .hasMessageContaining("by a program of this host");
    }
    ports.release("one");
    assertThat(ports.reserve("three", List.of(PortMapping.parse(taken + ":1")))).hasSize(1);
    ports.release("two");
    ports.release("three");
    try (var server = new java.net.ServerSocket(taken)) {
      assertThat(server.isBound()).isTrue();
    }
    assertThatThrownBy(() -> ports.reserve("x", List.of(PortMapping.parse("192.0.2.77:1234:80"))))
        .hasMessageContaining("does not have that address");
  }

  @Test
  void oneContainerPortTakesTheFirstFreeOfARange() {
    PortReservations ports = new PortReservations();
    int base = ports.reserve("base", List.of(PortMapping.parse("80"))).getFirst().hostPort();
    PortMapping range =
        new PortMapping(
            Optional.empty(),
            Optional.of(new PortRange(base, Math.min(65_535, base + 50))),
            PortRange.of(80),
            Protocol.TCP);
    List<Integer> got = new ArrayList<>();
    for (String id : List.of("a", "b", "c")) {
      got.add(ports.reserve(id, List.of(range)).getFirst().hostPort());
    }
    assertThat(got).isSorted().doesNotContain(base).doesNotHaveDuplicates();
    List.of("base", "a", "b", "c").forEach(ports::release);
  }
}
