package dev.kapal.daemon.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Serves {@code /metrics} over HTTP: the text format 0.0.4 of Prometheus, or OpenMetrics for those
 * who accept it. Whoever connects can read and change nothing.
 */
public final class MetricsServer implements AutoCloseable {
  private static final Logger LOG = System.getLogger(MetricsServer.class.getName());
  private static final String PATH = "/metrics";

  /** Scrapers come one at a time; slow clients keep a thread each, for a while. */
  private static final int THREADS = 4;

  private final Metrics metrics;
  private final HttpServer server;
  private final ThreadPoolExecutor threads;
  private final ExpositionFormats formats = ExpositionFormats.init();

  private MetricsServer(Metrics metrics, HttpServer server, ThreadPoolExecutor threads) {
    this.metrics = metrics;
    this.server = server;
    this.threads = threads;
  }

  /**
   * Listens.
   *
   * @throws IOException the address cannot be bound
   */
  public static MetricsServer start(InetSocketAddress address, Metrics metrics) throws IOException {
    limit("jdk.httpserver.maxConnections", 64);
    limit("sun.net.httpserver.maxReqTime", 10);
    limit("sun.net.httpserver.maxRspTime", 60);
    HttpServer server = HttpServer.create(address, 0);
    ThreadPoolExecutor threads =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            Thread.ofPlatform().daemon().name("metrics-", 0).factory());
    threads.allowCoreThreadTimeOut(true);
    server.setExecutor(threads);
    MetricsServer started = new MetricsServer(metrics, server, threads);
    server.createContext("/", started::serve);
    server.start();
    return started;
  }

  /** The server of the JDK has its limits from properties, which it reads once. */
  private static void limit(String property, int value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, Integer.toString(value));
    }
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return server.getAddress();
  }

  private void serve(HttpExchange exchange) throws IOException {
    try (exchange) {
      String method = exchange.getRequestMethod();
      if (!exchange.getRequestURI().getPath().equals(PATH)) {
        answer(exchange, 404, "text/plain; charset=utf-8", text("metrics are at " + PATH + "\n"));
      } else if (!method.equals("GET") && !method.equals("HEAD")) {
        exchange.getResponseHeaders().set("Allow", "GET, HEAD");
        answer(exchange, 405, "text/plain; charset=utf-8", text("only GET and HEAD\n"));
      } else {
        scrape(exchange);
      }
    }
  }

  private void scrape(HttpExchange exchange) throws IOException {
    ExpositionFormatWriter writer =
        formats.findWriter(
            Optional.ofNullable(exchange.getRequestHeaders().getFirst("Accept")).orElse(""));
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    try {
      writer.write(body, metrics.scrape());
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "metrics cannot be read", e);
      answer(exchange, 500, "text/plain; charset=utf-8", text("see the daemon's log\n"));
      return;
    }
    answer(exchange, 200, writer.getContentType(), body.toByteArray());
  }

  private static byte[] text(String line) {
    return line.getBytes(StandardCharsets.UTF_8);
  }

  private static void answer(HttpExchange exchange, int status, String type, byte[] body)
      throws IOException {
    exchange.getResponseHeaders().set("Content-Type", type);
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.sendResponseHeaders(status, -1);
    } else {
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  /** Lets go of the address at once. */
  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
