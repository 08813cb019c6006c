package dev.kapal.image.registry.http;

import dev.kapal.image.registry.RegistryException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The JDK's clients, one per route, so that connections are shared. A client is made anew when a
 * certificate file that it was made of changes.
 */
final class HttpClients implements AutoCloseable {
  private static final int MOST = 256;

  static {
    // The JDK refuses Basic credentials for CONNECT unless told otherwise, yet that is how all
    // proxies with a password work. Read once by the HTTP client, so it has to be set before.
    String property = "jdk.http.auth.tunneling.disabledSchemes";
    if (System.getProperty(property) == null) {
      System.setProperty(property, "");
    }
  }

  /** What a client was made of; stamps are the files' sizes and times. */
  private record Key(Route route, boolean tls) {}

  private record Made(HttpClient client, List<String> stamps) {}

  private final ProxyRules rules;
  private final SystemTrust trust;
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final ReentrantLock lock = new ReentrantLock();
  // Both guarded by lock.
  private final Map<Key, Made> clients = new HashMap<>();
  private Optional<SystemCertificates> system = Optional.empty();

  private record SystemCertificates(List<X509Certificate> certificates, String stamp) {}

  HttpClients(Map<String, String> environment) {
    try {
      this.rules = ProxyRules.of(environment);
    } catch (IllegalArgumentException e) {
      throw new RegistryException.BadConfiguration(
          "the proxy settings cannot be used: " + e.getMessage(), Optional.of(e));
    }
    this.trust = new SystemTrust(environment);
  }

  /** The proxy a URL goes through. */
  Optional<URI> proxy(URI uri, Route route) {
    return route.proxy().or(() -> rules.forUrl(uri));
  }

  /** The client for requests of this route. */
  HttpClient client(URI uri, Route route) {
    boolean tls = Urls.isHttps(uri);
    Key key = new Key(route, tls);
    lock.lock();
    try {
      List<String> stamps = tls ? stamps(route.tls()) : List.of();
      Optional<Made> known = Optional.ofNullable(clients.get(key));
      if (known.isPresent() && known.get().stamps.equals(stamps)) {
        return known.get().client;
      }
      if (clients.size() >= MOST) {
        clients.clear();
      }
      HttpClient client = make(route, tls);
      clients.put(key, new Made(client, stamps));
      return client;
    } catch (IOException e) {
      throw new RegistryException.BadConfiguration(
          "no TLS with " + Urls.authority(uri) + ": " + e.getMessage(), Optional.of(e));
    } finally {
      lock.unlock();
    }
  }

  private HttpClient make(Route route, boolean tls) throws IOException {
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .executor(executor)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(route.dial())
            // Without TLS, HTTP/2 would mean an Upgrade header that some servers choke on.
            .version(tls ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1)
            .proxy(new Selector(route.proxy()));
    if (tls) {
      builder.sslContext(
          TlsContexts.make(
              route.tls(), route.tls().skipVerify() ? List.of() : systemCertificates()));
    }
    return builder.build();
  }

  private List<X509Certificate> systemCertificates() throws IOException {
    String stamp = trust.bundle().map(HttpClients::stamp).orElse("");
    if (system.isEmpty() || !system.get().stamp.equals(stamp)) {
      system = Optional.of(new SystemCertificates(trust.certificates(), stamp));
    }
    return system.get().certificates;
  }

  private List<String> stamps(TlsSettings settings) {
    List<Path> files = new ArrayList<>(settings.authorities());
    trust.bundle().ifPresent(files::add);
    for (TlsSettings.ClientPair pair : settings.clients()) {
      files.add(pair.certificate());
      pair.key().ifPresent(files::add);
    }
    return files.stream().map(HttpClients::stamp).toList();
  }

  private static String stamp(Path file) {
    try {
      return file + " " + Files.size(file) + " " + Files.getLastModifiedTime(file).toMillis();
    } catch (IOException e) {
      return file + " missing";
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      clients.values().forEach(made -> made.client.shutdownNow());
      clients.clear();
    } finally {
      lock.unlock();
    }
    executor.shutdownNow();
  }

  private final class Selector extends ProxySelector {
    private final Optional<URI> fixed;

    Selector(Optional<URI> fixed) {
      this.fixed = fixed;
    }

    @Override
    public List<Proxy> select(URI uri) {
      return fixed
          .or(() -> rules.forUrl(uri))
          .map(proxy ->
              List.of(
                  new Proxy(
                      Proxy.Type.HTTP, new InetSocketAddress(Urls.host(proxy), Urls.port(proxy)))))
          .orElse(List.of(Proxy.NO_PROXY));
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException reason) {}
  }
}
