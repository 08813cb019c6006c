package dev.kapal.network;

import java.io.Closeable;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.StandardSocketOptions;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Holds the host's ports of published ports, by sockets that are bound and never listen, so that
 * neither another container nor another program of the host takes one that packets are diverted
 * from. Guarded by this.
 */
final class PortReservations {
  private static final System.Logger LOG = System.getLogger(PortReservations.class.getName());
  private static final int EPHEMERAL_TRIES = 64;
  private static final int SCTP_FIRST = 32_768;
  private static final int SCTP_LAST = 60_999;

  private record Held(String containerId, PublishedPort port, Closeable socket) {}

  private final Map<String, List<Held>> held = new HashMap<>();

  /** Reserves all ports or none. */
  synchronized List<PublishedPort> reserve(String containerId, List<PortMapping> mappings) {
    List<PublishedPort> out = new ArrayList<>();
    try {
      for (PortMapping mapping : mappings) {
        for (int i = 0; i < mapping.containerPorts().size(); i++) {
          out.add(reserveOne(containerId, mapping, i));
        }
      }
      return out;
    } catch (NetworkException e) {
      release(containerId);
      throw e;
    }
  }

  private PublishedPort reserveOne(String containerId, PortMapping mapping, int index) {
    int containerPort = mapping.containerPorts().first() + index;
    if (mapping.hostPorts().isEmpty()) {
      return ephemeral(containerId, mapping, containerPort);
    }
    PortRange host = mapping.hostPorts().get();
    if (host.size() == mapping.containerPorts().size()) {
      return hold(containerId, published(mapping, host.first() + index, containerPort));
    }
    NetworkException.Conflict last = new NetworkException.Conflict("no port in " + host);
    for (int port = host.first(); port <= host.last(); port++) {
      try {
        return hold(containerId, published(mapping, port, containerPort));
      } catch (NetworkException.Conflict e) {
        last = e;
      }
    }
    throw new NetworkException.Conflict(
        "no free port among " + host + "/" + mapping.protocol().text() + ": " + last.getMessage());
  }

  private static PublishedPort published(PortMapping mapping, int hostPort, int containerPort) {
    return new PublishedPort(mapping.hostAddress(), hostPort, containerPort, mapping.protocol());
  }

  private PublishedPort ephemeral(String containerId, PortMapping mapping, int containerPort) {
    for (int i = 0; i < EPHEMERAL_TRIES; i++) {
      int port = freePort(mapping);
      try {
        return hold(containerId, published(mapping, port, containerPort));
      } catch (NetworkException.Conflict e) {
        LOG.log(System.Logger.Level.DEBUG, "taken between choice and reservation: " + port);
      }
    }
    throw new NetworkException.Conflict(
        "no free host port found for container port "
            + containerPort
            + "/"
            + mapping.protocol().text());
  }

  private int freePort(PortMapping mapping) {
    if (mapping.protocol() == Protocol.SCTP) {
      return java.util.concurrent.ThreadLocalRandom.current().nextInt(SCTP_FIRST, SCTP_LAST + 1);
    }
    try (Bound bound = bind(mapping.protocol(), mapping.hostAddress(), 0)) {
      return bound.port();
    } catch (IOException e) {
      throw refused(published(mapping, 0, mapping.containerPorts().first()), e);
    }
  }

  private PublishedPort hold(String containerId, PublishedPort port) {
    for (List<Held> list : held.values()) {
      for (Held other : list) {
        if (clash(other.port(), port)) {
          throw new NetworkException.Conflict(
              "host port "
                  + show(port)
                  + " is already published by container "
                  + other.containerId()
                  + ": choose another one, or stop that container");
        }
      }
    }
    try {
      Bound socket = bind(port.protocol(), port.hostAddress(), port.hostPort());
      held.computeIfAbsent(containerId, k -> new ArrayList<>())
          .add(new Held(containerId, port, socket));
      return port;
    } catch (IOException e) {
      throw refused(port, e);
    }
  }

  private static NetworkException refused(PublishedPort port, IOException e) {
    String message = String.valueOf(e.getMessage());
    if (message.contains("assign requested address")) {
      return new NetworkException.Invalid(
          "cannot publish " + show(port) + ": this host does not have that address");
    }
    if (message.contains("Permission denied")) {
      return new NetworkException.Conflict(
          "cannot publish " + show(port) + ": ports below 1024 need root");
    }
    if (e instanceof BindException || e instanceof SocketException) {
      return new NetworkException.Conflict(
          "host port "
              + show(port)
              + " is already in use by a program of this host: choose another one (ss -ltnup shows"
              + " which)");
    }
    return new NetworkException.State("cannot reserve " + show(port) + ": " + e, e);
  }

  private static boolean clash(PublishedPort a, PublishedPort b) {
    return a.hostPort() == b.hostPort()
        && a.protocol() == b.protocol()
        && (wildcard(a) || wildcard(b) || a.hostAddress().equals(b.hostAddress()));
  }

  private static boolean wildcard(PublishedPort port) {
    return port.hostAddress().map(InetAddress::isAnyLocalAddress).orElse(true);
  }

  private static String show(PublishedPort port) {
    return port.hostAddress().map(Addresses::bracketed).orElse("0.0.0.0")
        + ":"
        + port.hostPort()
        + "/"
        + port.protocol().text();
  }

  synchronized void release(String containerId) {
    List<Held> list = held.remove(containerId);
    if (list != null) {
      for (Held one : list) {
        try {
          one.socket().close();
        } catch (IOException e) {
          LOG.log(System.Logger.Level.WARNING, "closing the socket of " + one.port() + ": " + e);
        }
      }
    }
  }

  /** Takes ports again after a restart; one that was lost meanwhile is only reported. */
  synchronized void restore(String containerId, List<PublishedPort> ports) {
    for (PublishedPort port : ports) {
      try {
        hold(containerId, port);
      } catch (NetworkException e) {
        LOG.log(
            System.Logger.Level.WARNING,
            "port of running container " + containerId + ": " + e.getMessage());
      }
    }
  }

  private record Bound(Optional<Closeable> socket, int port) implements Closeable {
    @Override
    public void close() throws IOException {
      if (socket.isPresent()) {
        socket.get().close();
      }
    }
  }

  private static Bound bind(Protocol protocol, Optional<InetAddress> address, int port)
      throws IOException {
    InetSocketAddress at =
        address
            .map(a -> new InetSocketAddress(a, port))
            .orElseGet(() -> new InetSocketAddress(port));
    return switch (protocol) {
      case TCP -> tcp(at);
      case UDP -> udp(at);
      // The JDK has no unconnected SCTP socket without a listener: the table above is the guard.
      case SCTP -> new Bound(Optional.empty(), port);
    };
  }

  private static Bound tcp(InetSocketAddress at) throws IOException {
    SocketChannel channel = SocketChannel.open();
    try {
      channel.bind(at);
      return new Bound(
          Optional.of(channel), ((InetSocketAddress) channel.getLocalAddress()).getPort());
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  private static Bound udp(InetSocketAddress at) throws IOException {
    DatagramChannel channel = DatagramChannel.open();
    try {
      channel.setOption(StandardSocketOptions.SO_RCVBUF, 2048);
      channel.bind(at);
      return new Bound(
          Optional.of(channel), ((InetSocketAddress) channel.getLocalAddress()).getPort());
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }
}
