package dev.kapal.streaming.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.streaming.StreamRequest;
import dev.kapal.streaming.TerminalSize;
import dev.kapal.streaming.pipe.InputPipe;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class PartsTest {
  private static final StreamRequest REQUEST =
      new StreamRequest.Attach("c", false, true, false, false);

  @Test
  void tokensExpireAndAreFew() {
    AtomicLong now = new AtomicLong(Long.MAX_VALUE - 10); // the clock may wrap
    Tokens tokens = new Tokens(Duration.ofNanos(100), 2, now::get);
    String first = tokens.issue(REQUEST);
    now.addAndGet(60);
    String second = tokens.issue(REQUEST);
    assertThatThrownBy(() -> tokens.issue(REQUEST))
        .isInstanceOf(TooManyRequestsException.class)
        .hasMessageContaining("2 URLs");
    now.addAndGet(60);
    String third = tokens.issue(REQUEST);
    assertThat(tokens.redeem(first)).isEmpty();
    assertThat(tokens.redeem(second)).contains(REQUEST);
    assertThat(tokens.redeem(second)).isEmpty();
    assertThat(tokens.redeem(third)).contains(REQUEST);
    assertThat(first).matches("[A-Za-z0-9_-]{22}").isNotEqualTo(second);
  }

  @Test
  void sizesAreReadOneAfterAnother() throws IOException {
    String stream =
        "{\"Width\":80,\"Height\":24}\n{\"Height\": 50 , \"Width\" : 200}{}{\"Width\":1}"
            + "{\"Width\":99999,\"Height\":1}{\"Width\":-1,\"Height\":1}"
            + "x".repeat(5000)
            + "}{\"Width\":7,\"Height\":8}";
    List<TerminalSize> sizes = new ArrayList<>();
    Sizes.read(new ByteArrayInputStream(stream.getBytes(StandardCharsets.US_ASCII)), sizes::add);
    assertThat(sizes)
        .containsExactly(
            new TerminalSize(80, 24), new TerminalSize(200, 50), new TerminalSize(7, 8));
  }

  @Test
  void aPipeGivesWhatCameBeforeTheConnectionWasLost() throws IOException {
    AtomicInteger consumed = new AtomicInteger();
    InputPipe pipe = new InputPipe(consumed::addAndGet);
    pipe.put(new byte[] {1, 2, 3});
    pipe.fail("gone");
    byte[] two = new byte[2];
    assertThat(pipe.read(two)).isEqualTo(2);
    assertThat(pipe.read()).isEqualTo(3);
    assertThatThrownBy(pipe::read).isInstanceOf(IOException.class).hasMessage("gone");
    pipe.put(new byte[10]); // comes too late and counts as taken
    assertThat(consumed).hasValue(13);
  }

  @Test
  void aClosedPipeGivesItsRoomBack() {
    AtomicInteger consumed = new AtomicInteger();
    InputPipe pipe = new InputPipe(consumed::addAndGet);
    pipe.put(new byte[5]);
    pipe.close();
    pipe.close();
    pipe.put(new byte[6]);
    assertThat(consumed).hasValue(11);
    assertThatThrownBy(pipe::read).isInstanceOf(IOException.class);
  }

  @Test
  void aPipeEndsAfterItsBytes() throws IOException {
    InputPipe pipe = new InputPipe(n -> {});
    pipe.put("abc".getBytes(StandardCharsets.US_ASCII));
    pipe.end();
    pipe.fail("too late to matter");
    assertThat(pipe.readAllBytes()).asString(StandardCharsets.US_ASCII).isEqualTo("abc");
    assertThat(pipe.read()).isEqualTo(-1);
  }
}
