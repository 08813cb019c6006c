package dev.kapal.streaming.server;

import dev.kapal.streaming.websocket.Subprotocol;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What a request asks the connection to become: a pure reading of its headers. */
sealed interface Upgrade {
  /** Names the SPDY protocol versions that a client offers, and the one taken. */
  String STREAM_PROTOCOL = "X-Stream-Protocol-Version";

  /** Given with a refusal: the versions that would be taken. */
  String ACCEPTED_PROTOCOLS = "X-Accepted-Stream-Protocol-Versions";

  /** The subprotocol by which a SPDY connection travels in WebSocket messages (KEP 4006). */
  String TUNNEL = "SPDY/3.1+" + SpdyPortForward.PROTOCOL;

  /** SPDY/3.1 on the connection itself. */
  record Spdy(String protocol) implements Upgrade {}

  /** SPDY/3.1 inside WebSocket messages. */
  record Tunnel() implements Upgrade {}

  /** Numbered channels in WebSocket messages. */
  record WebSocket(Subprotocol protocol) implements Upgrade {}

  /** Neither; why, and with what status. */
  record Refused(int status, String reason, List<String> accepted) implements Upgrade {}

  static Upgrade of(HttpRequest request, StreamKind kind) {
    if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.POST)) {
      return new Refused(405, "use GET or POST", List.of());
    }
    HttpHeaders headers = request.headers();
    List<String> upgrades =
        words(headers, HttpHeaderNames.UPGRADE.toString()).stream()
            .map(word -> word.toLowerCase(Locale.ROOT))
            .toList();
    if (upgrades.contains("websocket")) {
      return webSocket(headers, kind);
    }
    if (upgrades.contains("spdy/3.1")) {
      return spdy(headers, kind);
    }
    return new Refused(
        400,
        "this URL wants an upgrade to SPDY/3.1 or WebSocket; use a client of Kubernetes",
        List.of());
  }

  private static Upgrade webSocket(HttpHeaders headers, StreamKind kind) {
    List<String> offered = words(headers, HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL.toString());
    if (kind == StreamKind.PORT_FORWARD && offered.contains(TUNNEL)) {
      return new Tunnel();
    }
    Optional<Subprotocol> chosen = Subprotocol.choose(offered);
    return chosen
        .<Upgrade>map(WebSocket::new)
        .orElseGet(() ->
            new Refused(
                403,
                "none of the WebSocket subprotocols " + offered + " is known here",
                Arrays.stream(Subprotocol.values())
                    .map(Subprotocol::header)
                    .filter(name -> !name.isEmpty())
                    .toList()));
  }

  private static Upgrade spdy(HttpHeaders headers, StreamKind kind) {
    List<String> known =
        kind == StreamKind.PORT_FORWARD ? List.of(SpdyPortForward.PROTOCOL) : SpdyCommand.PROTOCOLS;
    List<String> offered = words(headers, STREAM_PROTOCOL);
    if (offered.isEmpty()) {
      return new Spdy(known.getLast());
    }
    return offered.stream()
        .filter(known::contains)
        .findFirst()
        .<Upgrade>map(Spdy::new)
        .orElseGet(() ->
            new Refused(
                403,
                "unable to negotiate the protocol: the client supports "
                    + offered
                    + ", the server accepts "
                    + known,
                known));
  }

  private static List<String> words(HttpHeaders headers, String name) {
    return headers.getAll(name).stream()
        .flatMap(value -> Arrays.stream(value.split(",", -1)))
        .map(String::strip)
        .filter(word -> !word.isEmpty())
        .toList();
  }

  /** What is streamed. */
  enum StreamKind {
    COMMAND,
    PORT_FORWARD;

    static Optional<StreamKind> ofPath(String path) {
      return switch (path) {
        case "exec", "attach" -> Optional.of(COMMAND);
        case "portforward" -> Optional.of(PORT_FORWARD);
        default -> Optional.empty();
      };
    }
  }
}
