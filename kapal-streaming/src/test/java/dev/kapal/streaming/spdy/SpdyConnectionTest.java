package dev.kapal.streaming.spdy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.spdy.DefaultSpdyDataFrame;
import io.netty.handler.codec.spdy.DefaultSpdyGoAwayFrame;
import io.netty.handler.codec.spdy.DefaultSpdyPingFrame;
import io.netty.handler.codec.spdy.DefaultSpdyRstStreamFrame;
import io.netty.handler.codec.spdy.DefaultSpdySettingsFrame;
import io.netty.handler.codec.spdy.DefaultSpdySynStreamFrame;
import io.netty.handler.codec.spdy.DefaultSpdyWindowUpdateFrame;
import io.netty.handler.codec.spdy.SpdyDataFrame;
import io.netty.handler.codec.spdy.SpdyFrame;
import io.netty.handler.codec.spdy.SpdyFrameCodec;
import io.netty.handler.codec.spdy.SpdyGoAwayFrame;
import io.netty.handler.codec.spdy.SpdyPingFrame;
import io.netty.handler.codec.spdy.SpdyRstStreamFrame;
import io.netty.handler.codec.spdy.SpdySessionStatus;
import io.netty.handler.codec.spdy.SpdyStreamStatus;
import io.netty.handler.codec.spdy.SpdySynReplyFrame;
import io.netty.handler.codec.spdy.SpdyVersion;
import io.netty.handler.codec.spdy.SpdyWindowUpdateFrame;
import io.netty.util.IllegalReferenceCountException;
import io.netty.util.ReferenceCountUtil;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The server's end, frame by frame, without a network. */
@Timeout(60)
final class SpdyConnectionTest {
  private static final Duration NOW = Duration.ofMillis(1);

  private final EmbeddedChannel server = new EmbeddedChannel();
  private final SpdyConnection connection = SpdyConnection.on(server);
  private final EmbeddedChannel client =
      new EmbeddedChannel(new SpdyFrameCodec(SpdyVersion.SPDY_3_1, 1 << 20, 1 << 20, 6, 15, 8));

  @AfterEach
  void release() {
    server.finishAndReleaseAll();
    client.finishAndReleaseAll();
  }

  private static DefaultSpdySynStreamFrame syn(int id, String... headers) {
    DefaultSpdySynStreamFrame syn = new DefaultSpdySynStreamFrame(id, 0, (byte) 0);
    for (int i = 0; i < headers.length; i += 2) {
      syn.headers().add(headers[i], headers[i + 1]);
    }
    return syn;
  }

  private byte[] encode(SpdyFrame frame) {
    client.writeOutbound(frame);
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (ByteBuf part = client.readOutbound(); part != null; part = client.readOutbound()) {
      all.writeBytes(ByteBufUtil.getBytes(part));
      part.release();
    }
    return all.toByteArray();
  }

  private void send(SpdyFrame... frames) {
    for (SpdyFrame frame : frames) {
      raw(encode(frame));
    }
  }

  private void raw(byte[] bytes) {
    server.writeInbound(Unpooled.copiedBuffer(bytes));
  }

  /** What the server has sent since, as a client understands it. */
  private List<SpdyFrame> answers() {
    server.runPendingTasks();
    for (ByteBuf part = server.readOutbound(); part != null; part = server.readOutbound()) {
      client.writeInbound(part);
    }
    List<SpdyFrame> all = new ArrayList<>();
    for (SpdyFrame frame = client.readInbound(); frame != null; frame = client.readInbound()) {
      all.add(frame);
    }
    return all;
  }

  private SpdyStream opened(int id, String... headers) throws Exception {
    send(syn(id, headers));
    SpdyStream stream = connection.accept(NOW).orElseThrow();
    assertThat(answers())
        .singleElement()
        .isInstanceOfSatisfying(
            SpdySynReplyFrame.class, reply -> assertThat(reply.streamId()).isEqualTo(id));
    return stream;
  }

  private static DefaultSpdyDataFrame data(int id, int length) {
    return new DefaultSpdyDataFrame(id, Unpooled.wrappedBuffer(new byte[length]));
  }

  private void resets(int id, SpdyStreamStatus status) {
    assertThat(answers())
        .singleElement()
        .isInstanceOfSatisfying(
            SpdyRstStreamFrame.class,
            reset -> {
              assertThat(reset.streamId()).isEqualTo(id);
              assertThat(reset.status()).isEqualTo(status);
            });
  }

  private void goesAway(int lastGood) {
    assertThat(answers())
        .singleElement()
        .isInstanceOfSatisfying(
            SpdyGoAwayFrame.class,
            away -> {
              assertThat(away.lastGoodStreamId()).isEqualTo(lastGood);
              assertThat(away.status()).isEqualTo(SpdySessionStatus.PROTOCOL_ERROR);
            });
    assertThat(server.isOpen()).isFalse();
    assertThat(connection.gone()).isDone();
    for (int i = 0; i < 2; i++) { // whoever asks, as often as he likes
      assertThatThrownBy(
              () -> {
                while (connection.accept(Duration.ofSeconds(5)).isPresent()) {
                  // Those that came before.
                }
              })
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void aStreamIsAnsweredWithHeadersForTheClientsOfKubernetesWaitForThem() throws Exception {
    send(syn(1, "streamtype", "error", "x-many", "a", "x-many", "b"));
    assertThat(answers())
        .singleElement()
        .isInstanceOfSatisfying(
            SpdySynReplyFrame.class,
            reply -> {
              assertThat(reply.streamId()).isEqualTo(1);
              assertThat(reply.isLast()).isFalse();
              assertThat(reply.isInvalid() || reply.isTruncated()).isFalse();
              assertThat(reply.headers().getAsString(":status")).isEqualTo("200");
            });
    SpdyStream stream = connection.accept(NOW).orElseThrow();
    assertThat(stream.header("streamtype")).hasValue("error");
    assertThat(stream.header("x-many")).isPresent();
    assertThat(stream.header("none")).isEmpty();
    assertThat(connection.accept(NOW)).isEmpty();
  }

  @Test
  void aStreamThatIsOpenedWithItsEndHasNoInput() throws Exception {
    DefaultSpdySynStreamFrame last = syn(1, "a", "b");
    last.setLast(true);
    send(last);
    assertThat(connection.accept(NOW).orElseThrow().input().read()).isEqualTo(-1);
  }

  @Test
  void pingsAreAnsweredAndAnswersAreNot() {
    send(new DefaultSpdyPingFrame(7), new DefaultSpdyPingFrame(2), new DefaultSpdyPingFrame(-1));
    assertThat(answers()).extracting(frame -> ((SpdyPingFrame) frame).id()).containsExactly(7, -1);
  }

  @Test
  void whatHasBeenReadIsAcknowledgedAQuarterOfAWindowAtATime() throws Exception {
    SpdyStream one = opened(1, "a", "b");
    SpdyStream two = opened(3, "a", "b");
    send(data(1, 20_000), data(3, 10_000));
    assertThat(answers()).as("before anything is read").isEmpty();
    assertThat(one.input().readNBytes(10_000)).hasSize(10_000);
    assertThat(two.input().readNBytes(5_000)).hasSize(5_000);
    assertThat(answers()).isEmpty();
    one.input().readNBytes(10_000);
    int session = 0;
    int stream = 0;
    for (SpdyFrame frame : answers()) {
      SpdyWindowUpdateFrame update = (SpdyWindowUpdateFrame) frame;
      assertThat(update.streamId()).isIn(0, 1);
      session += update.streamId() == 0 ? update.deltaWindowSize() : 0;
      stream += update.streamId() == 1 ? update.deltaWindowSize() : 0;
    }
    assertThat(session).isEqualTo(25_000);
    assertThat(stream).isEqualTo(20_000);
  }

  @Test
  void aFrameThatIsLargerThanThePartsItComesInArrivesWhole() throws Exception {
    SpdyStream stream = opened(1, "a", "b");
    DefaultSpdyDataFrame last = data(1, 300_000);
    last.setLast(true);
    send(last);
    assertThat(stream.input().readAllBytes()).hasSize(300_000);
    // What comes after the end is dropped, and counted as read.
    send(data(1, 10));
    assertThat(stream.input().read()).isEqualTo(-1);
  }

  @Test
  void aResetEndsOneStreamInBothDirections() throws Exception {
    SpdyStream one = opened(1, "a", "b");
    SpdyStream two = opened(3, "a", "b");
    send(data(1, 1), new DefaultSpdyRstStreamFrame(1, SpdyStreamStatus.CANCEL));
    assertThat(one.input().read()).isZero();
    assertThatThrownBy(() -> one.input().read())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("CANCEL");
    assertThatThrownBy(() -> one.output().write(1)).isInstanceOf(IOException.class);
    send(new DefaultSpdyRstStreamFrame(99, SpdyStreamStatus.CANCEL)); // nobody's
    two.output().write("still".getBytes());
    two.output().close();
    List<SpdyFrame> frames = answers();
    assertThat(frames).hasSize(2);
    assertThat(((SpdyDataFrame) frames.get(0)).content().toString(StandardCharsets.UTF_8))
        .isEqualTo("still");
    assertThat(((SpdyDataFrame) frames.get(1)).isLast()).isTrue();
    assertThat(server.isOpen()).isTrue();
  }

  @Test
  void streamsThatAreNotAClientsAreReset() {
    send(syn(2, "a", "b"));
    resets(2, SpdyStreamStatus.PROTOCOL_ERROR);
    DefaultSpdySynStreamFrame oneWay = syn(3, "a", "b");
    oneWay.setUnidirectional(true);
    send(oneWay);
    resets(3, SpdyStreamStatus.PROTOCOL_ERROR);
    send(syn(5, "long", "x".repeat(60_000)));
    resets(5, SpdyStreamStatus.PROTOCOL_ERROR);
    send(data(7, 1));
    resets(7, SpdyStreamStatus.INVALID_STREAM);
    assertThat(server.isOpen()).isTrue();
  }

  @Test
  void aStreamThatIsOpenedTwiceEndsTheConnection() throws Exception {
    opened(5, "a", "b");
    send(syn(5, "a", "b"));
    goesAway(5);
  }

  @Test
  void aStreamThatIsOpenedTooLateEndsTheConnection() throws Exception {
    opened(5, "a", "b");
    send(syn(3, "a", "b"));
    goesAway(5);
  }

  @Test
  void thereAreNoMoreStreamsThanCanBeHeld() {
    for (int i = 0; i < 1024; i++) {
      send(syn(2 * i + 1, "a", "b"));
    }
    assertThat(answers()).hasSize(1024).allMatch(frame -> frame instanceof SpdySynReplyFrame);
    send(syn(2049, "a", "b"));
    resets(2049, SpdyStreamStatus.REFUSED_STREAM);
  }

  @Test
  void streamsThatAreResetAtOnceDoNotPileUp() {
    int refused = 0;
    for (int i = 0; i < 1500; i++) {
      int id = 2 * i + 1;
      send(syn(id, "a", "b"), new DefaultSpdyRstStreamFrame(id, SpdyStreamStatus.CANCEL));
      refused += answers().getFirst() instanceof SpdyRstStreamFrame ? 1 : 0;
    }
    assertThat(refused).isEqualTo(1500 - 1024);
  }

  @Test
  void aClientThatNeverReadsItsAnswersIsSentAway() {
    // A network that takes nothing.
    server
        .pipeline()
        .addFirst(
            new ChannelOutboundHandlerAdapter() {
              @Override
              public void write(
                  ChannelHandlerContext context, Object message, ChannelPromise promise) {
                ReferenceCountUtil.release(message);
              }
            });
    byte[] ping = encode(new DefaultSpdyPingFrame(1));
    int sent = 0;
    while (!connection.gone().isDone() && sent < 100_000) {
      raw(ping);
      sent++;
    }
    assertThat(sent).isBetween(1000, 20_000);
    assertThat(connection.gone().getNow("")).contains("does not read");
  }

  @Test
  void framesThatMeanNothingHereAreIgnored() {
    DefaultSpdySettingsFrame settings = new DefaultSpdySettingsFrame();
    settings.setValue(4, 100);
    send(
        settings,
        new DefaultSpdyWindowUpdateFrame(0, 1),
        new DefaultSpdyGoAwayFrame(0, SpdySessionStatus.OK));
    assertThat(answers()).isEmpty();
    assertThat(server.isOpen()).isTrue();
  }

  @Test
  void malformedFramesEndTheConnectionAndNothingElse() {
    byte[][] wrong = {
      {(byte) 0x80, 2, 0, 1, 0, 0, 0, 10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}, // an older version
      {(byte) 0x80, 3, 0, 6, 0, 0, 0, 5, 0, 0, 0, 1, 0}, // a ping that is too long
      {(byte) 0x80, 3, 0, 3, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1}, // a reset of no stream
      {(byte) 0x80, 3, 0, 9, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0}, // a window of nothing
      {(byte) 0x80, 3, 0, 1, 0, 0, 0, 4, 0, 0, 0, 1}, // an opening that is too short
      {0, 0, 0, 0, 0, 0, 0, 1, 0}, // data of no stream
    };
    for (byte[] bytes : wrong) {
      EmbeddedChannel channel = new EmbeddedChannel();
      SpdyConnection one = SpdyConnection.on(channel);
      channel.writeInbound(Unpooled.copiedBuffer(bytes));
      assertThat(channel.isOpen()).isFalse();
      assertThat(one.gone().getNow("")).contains("failed");
      channel.finishAndReleaseAll();
    }
  }

  @Test
  void whateverComesTheConnectionEitherGoesOnOrEnds() throws Exception {
    Random random = new Random(20_260_101);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
    int ended = 0;
    int rounds = 0;
    for (; rounds < 3000 && System.nanoTime() < end; rounds++) {
      EmbeddedChannel channel = new EmbeddedChannel();
      SpdyConnection one = SpdyConnection.on(channel);
      byte[] bytes = mutated(random);
      for (int at = 0; at < bytes.length && channel.isOpen(); ) {
        int part = Math.min(bytes.length - at, 1 + random.nextInt(40));
        try {
          channel.writeInbound(Unpooled.copiedBuffer(bytes, at, part));
        } catch (DecoderException e) {
          // This kind of channel takes the decoder's bytes away while it is still at it.
          assertThat(channel.isOpen()).isFalse();
          assertThat(e).hasCauseInstanceOf(IllegalReferenceCountException.class);
        }
        at += part;
      }
      if (channel.isOpen()) {
        channel.close();
      } else {
        ended++;
      }
      assertThat(one.gone()).isDone();
      assertThatThrownBy(
              () -> {
                for (var next = one.accept(NOW); next.isPresent(); next = one.accept(NOW)) {
                  SpdyStream stream = next.get();
                  // It has an end, of one kind or the other.
                  try {
                    stream.input().readAllBytes();
                  } catch (IOException e) {
                    assertThat(e.getMessage()).isNotEmpty();
                  }
                  assertThatThrownBy(() -> stream.output().write(1))
                      .isInstanceOf(IOException.class);
                }
              })
          .isInstanceOf(IOException.class);
      channel.finishAndReleaseAll();
    }
    assertThat(rounds).isGreaterThan(100);
    assertThat(ended).isBetween(1, rounds - 1);
  }

  /** A conversation as it should be, of which some bytes are not. */
  private byte[] mutated(Random random) {
    EmbeddedChannel fresh =
        new EmbeddedChannel(new SpdyFrameCodec(SpdyVersion.SPDY_3_1, 1 << 20, 1 << 20, 6, 15, 8));
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (int i = 0; i < 1 + random.nextInt(12); i++) {
      int id = 1 + 2 * random.nextInt(6);
      fresh.writeOutbound(
          switch (random.nextInt(6)) {
            case 0, 1 -> syn(2 * i + 1, "streamtype", "data", "port", "80");
            case 2 -> data(id, random.nextInt(60));
            case 3 -> new DefaultSpdyPingFrame(random.nextInt(9));
            case 4 -> new DefaultSpdyRstStreamFrame(id, SpdyStreamStatus.CANCEL);
            default -> new DefaultSpdyWindowUpdateFrame(id, 1 + random.nextInt(99));
          });
      for (ByteBuf part = fresh.readOutbound(); part != null; part = fresh.readOutbound()) {
        all.writeBytes(ByteBufUtil.getBytes(part));
        part.release();
      }
    }
    fresh.finishAndReleaseAll();
    byte[] bytes = all.toByteArray();
    for (int i = random.nextInt(4); i > 0; i--) {
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
    }
    return random.nextInt(4) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length) + 1) : bytes;
  }
}
