package dev.kapal.image.registry.http;

import dev.kapal.image.registry.http.TransportFailure.Kind;
import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.ProtocolException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.Locale;
import java.util.Optional;
import javax.net.ssl.SSLException;

/** Tells from the JDK's exceptions what happened, and says it in words. */
final class Failures {
  private Failures() {}

  static TransportFailure of(URI uri, Throwable thrown) {
    String url = Urls.display(uri);
    String host = Urls.authority(uri);
    Optional<Throwable> cause = Optional.of(thrown);
    if (thrown instanceof TransportFailure known) {
      return known;
    }
    if (find(thrown, SSLException.class).isPresent()
        || find(thrown, CertificateException.class).isPresent()) {
      return tls(url, host, thrown);
    }
    if (find(thrown, UnresolvedAddressException.class).isPresent()
        || find(thrown, UnknownHostException.class).isPresent()) {
      return new TransportFailure(
          Kind.UNKNOWN_HOST, url, "the name " + host + " is not known to the resolver", cause);
    }
    if (find(thrown, HttpConnectTimeoutException.class).isPresent()) {
      return new TransportFailure(
          Kind.REFUSED, url, "no connection to " + host + " in time", cause);
    }
    if (find(thrown, HttpTimeoutException.class).isPresent()) {
      return new TransportFailure(Kind.TIMEOUT, url, host + " did not answer in time", cause);
    }
    String text = texts(thrown);
    if (text.contains("tunnel failed") || text.contains("proxy")) {
      return new TransportFailure(
          Kind.PROXY, url, "the proxy refuses the connection to " + host + ": " + text, cause);
    }
    if (find(thrown, ConnectException.class).isPresent()
        || find(thrown, NoRouteToHostException.class).isPresent()) {
      return new TransportFailure(
          Kind.REFUSED, url, host + " refuses connections or is not reachable", cause);
    }
    if (find(thrown, ProtocolException.class).isPresent() && !text.contains("received no bytes")) {
      return new TransportFailure(
          Kind.PROTOCOL, url, host + " does not answer in HTTP as expected: " + text, cause);
    }
    if (text.contains("fixed content-length")) {
      return new TransportFailure(
          Kind.RESET, url, host + " ended the answer before all of it was sent", cause);
    }
    if (find(thrown, EOFException.class).isPresent()
        || find(thrown, IOException.class).isPresent()) {
      return new TransportFailure(
          Kind.RESET, url, "the connection to " + host + " broke (" + text + ")", cause);
    }
    return new TransportFailure(
        Kind.PROTOCOL, url, "the request to " + host + " failed: " + thrown, cause);
  }

  private static TransportFailure tls(String url, String host, Throwable thrown) {
    String text = texts(thrown);
    Optional<Throwable> cause = Optional.of(thrown);
    if (text.contains("plaintext connection") || text.contains("unrecognized ssl message")) {
      return new TransportFailure(
          Kind.PLAIN_TEXT, url, host + " does not speak TLS on this port", cause);
    }
    String reason;
    if (find(thrown, CertificateExpiredException.class).isPresent()) {
      reason = "the certificate of " + host + " has expired";
    } else if (find(thrown, CertificateNotYetValidException.class).isPresent()) {
      reason = "the certificate of " + host + " is not valid yet (is this machine's clock right?)";
    } else if (text.contains("unable to find valid certification path")
        || text.contains("path does not chain")) {
      reason = "the certificate of " + host + " is signed by an authority that is not trusted here";
    } else if (text.contains("no subject alternative") || text.contains("no name matching")) {
      reason = "the certificate of " + host + " is made for other names";
    } else if (text.contains("certificate_required") || text.contains("bad_certificate")) {
      reason = host + " wants a client certificate that it knows";
    } else if (text.contains("connection reset")
        || text.contains("terminated the handshake")
        || text.contains("closed while opening")
        || text.contains("end of file")
        || text.contains("eof reached")
        || text.contains("closed inbound")) {
      return new TransportFailure(
          Kind.RESET, url, "the connection to " + host + " broke during the TLS handshake", cause);
    } else {
      reason = "no secure connection to " + host + " (" + text + ")";
    }
    return new TransportFailure(Kind.TLS, url, reason, cause);
  }

  private static String texts(Throwable thrown) {
    StringBuilder all = new StringBuilder();
    Throwable at = thrown;
    for (int depth = 0; at != null && depth < 8; depth++, at = at.getCause()) {
      String message = at.getMessage();
      if (message != null && all.indexOf(message) < 0) {
        all.append(all.isEmpty() ? "" : ": ").append(message);
      }
    }
    String text = all.isEmpty() ? thrown.getClass().getSimpleName() : all.toString();
    String cut = text.length() > 400 ? text.substring(0, 400) + "…" : text;
    return cut.toLowerCase(Locale.ROOT);
  }

  private static <T extends Throwable> Optional<T> find(Throwable thrown, Class<T> type) {
    Throwable at = thrown;
    for (int depth = 0; at != null && depth < 12; depth++, at = at.getCause()) {
      if (type.isInstance(at)) {
        return Optional.of(type.cast(at));
      }
    }
    return Optional.empty();
  }
}
