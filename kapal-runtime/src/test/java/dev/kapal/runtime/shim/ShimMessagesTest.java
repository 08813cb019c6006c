package dev.kapal.runtime.shim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerStats;
import dev.kapal.runtime.wire.Message;
import dev.kapal.runtime.wire.MessageWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ShimMessagesTest {
  private static StartReply reply(String text) {
    return StartReply.parse("t", text.getBytes(StandardCharsets.UTF_8));
  }

  private static MessageWriter message() {
    return new MessageWriter();
  }

  @Test
  void threeReplies() {
    assertThat(reply("unix:///run/containerd/s/abc\n"))
        .isEqualTo(new StartReply(2, "unix:///run/containerd/s/abc"));
    assertThat(reply("{\"version\":3,\"address\":\"unix:///s\",\"protocol\":\"ttrpc\"}"))
        .isEqualTo(new StartReply(3, "unix:///s"));
    byte[] bootstrap = message().number(1, 3).text(2, "unix:///s").text(3, "ttrpc").toBytes();
    assertThat(StartReply.parse("t", bootstrap)).isEqualTo(new StartReply(3, "unix:///s"));
  }

  @Test
  void repliesThatAreNone() {
    for (String bad :
        List.of("", "   ", "hello", "{", "{}", "{\"version\":2}", "/a b", "unix://")) {
      assertThatThrownBy(() -> reply(bad)).as(bad).isInstanceOf(ContainerException.class);
    }
    assertThatThrownBy(() -> reply("{\"version\":3,\"address\":\"vsock://3:1\"}"))
        .isInstanceOf(ContainerException.class);
  }

  @Test
  void addresses() {
    assertThat(ShimAddress.parse("unix:///a/b")).isEqualTo(new ShimAddress.File("/a/b"));
    assertThat(ShimAddress.parse("/a/b")).isEqualTo(new ShimAddress.File("/a/b"));
    assertThat(ShimAddress.parse("unix://@a")).isEqualTo(new ShimAddress.Abstract("a"));
    assertThat(ShimAddress.parse("\0/containerd-shim/x"))
        .isEqualTo(new ShimAddress.Abstract("/containerd-shim/x"));
    assertThatThrownBy(() -> ShimAddress.parse("vsock://3:1024"))
        .isInstanceOf(ContainerException.Unsupported.class);
  }

  /** Numbers of containerd's cgroups/stats/v1/metrics.proto. */
  @Test
  void metricsOfVersionOne() {
    byte[] data =
        message()
            .message(2, message().number(1, 4).number(2, 40))
            .message(
                3,
                message()
                    .message(1, message().number(1, 900).number(2, 300).number(3, 600))
                    .message(2, message().number(1, 7).number(2, 2).number(3, 55)))
            .message(
                4,
                message()
                    .number(19, 1000)
                    .number(26, 12)
                    .number(29, 500)
                    .message(33, message().number(1, 1 << 20).number(2, 3000).number(3, 4000))
                    .message(34, message().number(2, 3500)))
            .message(
                5,
                message()
                    .message(1, message().text(1, "Read").number(3, 8).number(4, 1).number(5, 100))
                    .message(1, message().text(1, "Write").number(3, 8).number(4, 1).number(5, 50))
                    .message(2, message().text(1, "read").number(3, 8).number(4, 1).number(5, 3)))
            .toBytes();
    ContainerStats stats =
        Metrics.parse(Message.parse(Any.of("io.containerd.cgroups.v1.Metrics", data).toBytes()));
    assertThat(stats.cpu()).isEqualTo(new ContainerStats.Cpu(900, 600, 300, 7, 2, 55));
    assertThat(stats.memory())
        .isEqualTo(new ContainerStats.Memory(3000, 4000, 1 << 20, 500, 500, 1000, 12));
    assertThat(stats.pids()).isEqualTo(4);
    assertThat(stats.pidsLimit()).isEqualTo(40);
    assertThat(stats.blockIo()).containsExactly(new ContainerStats.BlockIo(8, 1, 100, 50, 3, 0));
  }

  /** Numbers of containerd's cgroups/cgroup2/stats/metrics.proto. */
  @Test
  void metricsOfVersionTwo() {
    byte[] data =
        message()
            .message(1, message().number(1, 4))
            .message(
                2,
                message()
                    .number(1, 900)
                    .number(2, 600)
                    .number(3, 300)
                    .number(4, 7)
                    .number(5, 2)
                    .number(6, 55))
            .message(
                4,
                message()
                    .number(1, 1000)
                    .number(13, 500)
                    .number(18, 12)
                    .number(32, 3000)
                    .number(33, -1)
                    .number(34, 60)
                    .number(36, 4000))
            .message(
                6,
                message()
                    .message(
                        1,
                        message()
                            .number(1, 8)
                            .number(2, 1)
                            .number(3, 100)
                            .number(4, 50)
                            .number(5, 3)
                            .number(6, 2)))
            .toBytes();
    ContainerStats stats =
        Metrics.parse(Message.parse(Any.of("io.containerd.cgroups.v2.Metrics", data).toBytes()));
    assertThat(stats.cpu())
        .isEqualTo(new ContainerStats.Cpu(900_000, 600_000, 300_000, 7, 2, 55_000));
    assertThat(stats.memory())
        .isEqualTo(new ContainerStats.Memory(3000, 4000, -1, 60, 500, 1000, 12));
    assertThat(stats.pidsLimit()).isEqualTo(-1);
    assertThat(stats.blockIo()).containsExactly(new ContainerStats.BlockIo(8, 1, 100, 50, 3, 2));
  }

  @Test
  void metricsOfAnotherKind() {
    assertThatThrownBy(() -> Metrics.parse(Message.parse(Any.of("x.Y", new byte[0]).toBytes())))
        .isInstanceOf(ContainerException.Unsupported.class)
        .hasMessageContaining("x.Y");
  }

  @Test
  void events() {
    byte[] exit =
        message()
            .text(1, "c")
            .text(2, "e7")
            .number(3, 99)
            .number(4, 137)
            .message(5, message().number(1, 100).number(2, 5))
            .toBytes();
    Optional<ShimEvent> event = ShimEvent.parse(forward("/tasks/exit", exit));
    assertThat(event).isPresent();
    ShimEvent.Exited exited = (ShimEvent.Exited) event.orElseThrow();
    assertThat(exited.container()).isEqualTo("c");
    assertThat(exited.exec()).isEqualTo("e7");
    assertThat(exited.exit().waitStatus()).isEqualTo(137 << 8);
    assertThat(exited.exit().nanos()).isEqualTo(100_000_000_005L);
    assertThat(ShimEvent.parse(forward("/tasks/oom", message().text(1, "c").toBytes())))
        .contains(new ShimEvent.OutOfMemory("c"));
    assertThat(ShimEvent.parse(forward("/tasks/start", new byte[0]))).isEmpty();
  }

  private static byte[] forward(String topic, byte[] event) {
    return message()
        .message(
            1,
            message()
                .text(2, "kapal")
                .text(3, topic)
                .message(4, Any.of("containerd.events.X", event)))
        .toBytes();
  }

  @Test
  void exitsThatCannotBe() {
    assertThat(TaskService.Exit.of(0xffffffffL, Message.EMPTY).waitStatus()).isEqualTo(255 << 8);
    assertThat(TaskService.Exit.of(-1, Message.EMPTY).waitStatus()).isEqualTo(255 << 8);
    Message never = Message.parse(message().number(1, Long.MAX_VALUE).number(2, -1).toBytes());
    assertThat(TaskService.Exit.of(0, never).nanos()).isPositive();
  }

  @Test
  void options() {
    Message runc =
        Message.parse(Any.of(ShimOptions.Runc.DEFAULT, "/state/root").orElseThrow().toBytes());
    assertThat(runc.text(1)).isEqualTo("containerd.runc.v1.Options");
    assertThat(Message.parse(runc.bytes(2)).text(7)).isEqualTo("/state/root");
    Message generic =
        Message.parse(
            Any.of(new ShimOptions.Generic("t", "/p", "b = 1\n"), "").orElseThrow().toBytes());
    assertThat(generic.text(1)).isEqualTo("runtimeoptions.v1.Options");
    assertThat(Message.parse(generic.bytes(2)).text(1)).isEqualTo("t");
    assertThat(Message.parse(generic.bytes(2)).text(2)).isEqualTo("/p");
    assertThat(Message.parse(generic.bytes(2)).text(3)).isEqualTo("b = 1\n");
    assertThat(Any.of(new ShimOptions.None(), "")).isEmpty();
  }
}
