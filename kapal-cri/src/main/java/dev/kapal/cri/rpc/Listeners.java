package dev.kapal.cri.rpc;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Unix sockets that listen, before there is a server: whoever comes waits in the kernel's queue.
 * Closing takes their paths away.
 */
public final class Listeners implements AutoCloseable {
  /** As others have: a kubelet that starts opens several connections at once. */
  private static final int QUEUE = 128;

  private final Map<Path, ServerSocketChannel> channels;
  private final Selector selector;

  private Listeners(Map<Path, ServerSocketChannel> channels, Selector selector) {
    this.channels = channels;
    this.selector = selector;
  }

  /**
   * Listens at each path. What a dead server left there is replaced.
   *
   * @throws IOException where a living one listens, or a path cannot be used
   */
  public static Listeners bind(List<Path> paths) throws IOException {
    Listeners all = new Listeners(new LinkedHashMap<>(), Selector.open());
    try {
      for (Path path : paths) {
        UnixDomainSocketAddress address = SocketFile.prepare(path);
        ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
          channel.configureBlocking(false);
          channel.bind(address, QUEUE);
        } catch (IOException e) {
          closeQuietly(channel);
          throw new IOException("cannot listen at " + path + ": " + e.getMessage(), e);
        }
        all.channels.put(path, channel);
        SocketFile.protect(path);
      }
      return all;
    } catch (IOException | RuntimeException e) {
      all.close();
      throw e;
    }
  }

  /**
   * Waits for the first client, who is left in the queue.
   *
   * @return whether there is one; otherwise this was closed meanwhile
   */
  public boolean awaitClient() throws IOException {
    try {
      for (ServerSocketChannel channel : channels.values()) {
        channel.register(selector, SelectionKey.OP_ACCEPT);
      }
      while (selector.select() == 0) {
        if (!selector.isOpen()) {
          return false;
        }
      }
      selector.keys().forEach(SelectionKey::cancel);
      selector.selectNow();
      return true;
    } catch (ClosedSelectorException | java.nio.channels.ClosedChannelException e) {
      return false;
    }
  }

  /** Sends those away who wait: nothing can serve them. */
  public void refuse() throws IOException {
    for (ServerSocketChannel channel : channels.values()) {
      for (SocketChannel client; (client = channel.accept()) != null; ) {
        client.close();
      }
    }
  }

  List<Path> paths() {
    return List.copyOf(channels.keySet());
  }

  List<ServerSocketChannel> channels() {
    return new ArrayList<>(channels.values());
  }

  @Override
  public void close() {
    closeQuietly(selector);
    channels.forEach((path, channel) -> {
      boolean ours = channel.isOpen();
      closeQuietly(channel);
      try {
        // Once closed, it may be a successor's.
        if (ours) {
          Files.deleteIfExists(path);
        }
      } catch (IOException e) {
        // The next one replaces it.
      }
    });
  }

  private static void closeQuietly(AutoCloseable it) {
    try {
      it.close();
    } catch (Exception e) {
      // It serves nobody any more.
    }
  }
}
