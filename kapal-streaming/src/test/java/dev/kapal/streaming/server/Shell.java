package dev.kapal.streaming.server;

import dev.kapal.streaming.ByteStream;
import dev.kapal.streaming.ProcessStreams;
import dev.kapal.streaming.StreamRequest;
import dev.kapal.streaming.StreamingTargets;
import dev.kapal.streaming.TerminalSize;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;

/** Runs a few "commands" and connects to real ports of loopback. */
final class Shell implements StreamingTargets {
  final BlockingQueue<TerminalSize> sizes = new LinkedBlockingQueue<>();
  final CountDownLatch gone = new CountDownLatch(1);
  final CountDownLatch waiting = new CountDownLatch(1);
  volatile long readBySlow;

  @Override
  public int exec(StreamRequest.Exec request, ProcessStreams streams)
      throws IOException, InterruptedException {
    List<String> command = request.command();
    return switch (command.getFirst()) {
      case "cat" -> {
        streams.input().orElseThrow().transferTo(streams.output().orElseThrow());
        yield 0;
      }
      case "exit" -> {
        streams.output().orElseThrow().write("out".getBytes());
        if (streams.error().isPresent()) {
          streams.error().get().write("err".getBytes());
        }
        yield Integer.parseInt(command.get(1));
      }
      case "size" -> {
        streams.onResize(sizes::add);
        TerminalSize size = sizes.take();
        streams.output().orElseThrow().write((size.columns() + "x" + size.rows()).getBytes());
        yield 0;
      }
      case "yes" -> {
        byte[] block = new byte[100_000];
        for (int i = 0; i < Integer.parseInt(command.get(1)); i++) {
          streams.output().orElseThrow().write(block);
        }
        yield 0;
      }
      case "slow" -> {
        InputStream input = streams.input().orElseThrow();
        waiting.await();
        byte[] buffer = new byte[65536];
        for (int n = input.read(buffer); n >= 0; n = input.read(buffer)) {
          readBySlow += n;
        }
        streams.output().orElseThrow().write(Long.toString(readBySlow).getBytes());
        yield 0;
      }
      case "wait" -> {
        streams.onGone(gone::countDown);
        waiting.countDown();
        gone.await();
        yield 0;
      }
      default -> throw new IOException("cannot execute '" + command.getFirst() + "': not found");
    };
  }

  @Override
  public void attach(StreamRequest.Attach request, ProcessStreams streams) throws IOException {
    streams.output().orElseThrow().write(("attached to " + request.containerId()).getBytes());
  }

  @Override
  public void portForward(String sandboxId, int port, ByteStream stream)
      throws IOException, InterruptedException {
    try (Socket socket = new Socket("127.0.0.1", port)) {
      Thread up =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  OutputStream to = socket.getOutputStream();
                  stream.input().transferTo(to);
                  socket.shutdownOutput();
                } catch (IOException e) {
                  // seen by the other direction
                }
              });
      socket.getInputStream().transferTo(stream.output());
      stream.output().close();
      up.join();
    }
  }
}
