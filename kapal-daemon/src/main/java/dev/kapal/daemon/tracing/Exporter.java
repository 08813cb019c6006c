package dev.kapal.daemon.tracing;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Sends spans to a collector, a batch at a time, on a thread of its own. Nobody waits for it: what
 * comes while the queue is full is dropped, and counted.
 */
final class Exporter implements AutoCloseable {
  private static final Logger LOG = System.getLogger(Exporter.class.getName());

  /** As OpenTelemetry's SDKs have it. */
  static final int QUEUE = 2048;

  private static final int BATCH = 512;
  private static final Duration GATHER = Duration.ofSeconds(1);
  private static final Duration ANSWER = Duration.ofSeconds(10);
  private static final int ATTEMPTS = 3;
  private static final int LAST_MILLIS = 1000;

  /** OTLP/HTTP: these may be tried again. */
  private static final Set<Integer> PASSING = Set.of(429, 502, 503, 504);

  private final URI endpoint;
  private final Map<String, String> resource;
  private final SpanCounts counts;
  private final BlockingQueue<Span> queue = new ArrayBlockingQueue<>(QUEUE);
  private final Thread thread = Thread.ofPlatform().daemon().name("traces").unstarted(this::run);
  private volatile boolean closing;

  /** What was taken out of the queue and not tried yet; the thread's own, as the next. */
  private final List<Span> gathered = new ArrayList<>();

  private boolean failing;

  /** Begins to send, as soon as there is something. */
  Exporter(URI endpoint, Map<String, String> resource, SpanCounts counts) {
    this.endpoint = endpoint;
    this.resource = resource;
    this.counts = counts;
    thread.start();
  }

  /** Takes a span to be sent. Never waits. */
  void send(Span span) {
    if (closing || !queue.offer(span)) {
      counts.dropped.increment();
    }
  }

  private void run() {
    try (HttpClient client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(ANSWER)
            .build()) {
      while (!closing) {
        try {
          gather();
          List<Span> batch = List.copyOf(gathered);
          gathered.clear();
          post(client, batch);
        } catch (InterruptedException e) {
          // It is being closed.
        }
      }
      last(client);
      client.shutdownNow();
    }
  }

  /** Waits for a span, and a moment for more. */
  private void gather() throws InterruptedException {
    gathered.add(queue.take());
    long until = System.nanoTime() + GATHER.toNanos();
    while (gathered.size() < BATCH) {
      Span next = queue.poll(until - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (next == null) {
        return;
      }
      gathered.add(next);
    }
  }

  private void post(HttpClient client, List<Span> batch) throws InterruptedException {
    boolean sent = false;
    try {
      for (int attempt = 1; !sent && attempt <= ATTEMPTS; attempt++) {
        if (attempt > 1) {
          TimeUnit.SECONDS.sleep(1L << (attempt - 2));
        }
        try {
          int status = client.send(request(batch, ANSWER), BodyHandlers.discarding()).statusCode();
          sent = status / 100 == 2;
          tell(sent, "it answers with status " + status);
          if (!sent && !PASSING.contains(status)) {
            return;
          }
        } catch (IOException e) {
          tell(false, e.toString());
        }
      }
    } finally {
      (sent ? counts.sent : counts.failed).add(batch.size());
    }
  }

  /** What has come before the end, if the collector is quick. */
  private void last(HttpClient client) {
    List<Span> batch = new ArrayList<>(gathered);
    queue.drainTo(batch);
    if (batch.isEmpty()) {
      return;
    }
    boolean sent = false;
    try {
      Duration time = Duration.ofMillis(LAST_MILLIS);
      sent = client.send(request(batch, time), BodyHandlers.discarding()).statusCode() / 100 == 2;
    } catch (IOException | InterruptedException e) {
      LOG.log(Level.DEBUG, "the last traces are lost", e);
    }
    (sent ? counts.sent : counts.failed).add(batch.size());
  }

  private HttpRequest request(List<Span> batch, Duration time) {
    return HttpRequest.newBuilder(endpoint)
        .timeout(time)
        .header("Content-Type", "application/json")
        .POST(BodyPublishers.ofByteArray(OtlpJson.request(batch, resource)))
        .build();
  }

  /** Once when it begins to fail, and once when it works again. */
  private void tell(boolean works, String why) {
    if (works && failing) {
      LOG.log(Level.INFO, "traces are sent to {0} again", endpoint);
    } else if (!works && !failing) {
      LOG.log(Level.WARNING, "traces cannot be sent to {0}: {1}", endpoint, why);
    }
    failing = !works;
  }

  @Override
  public void close() {
    closing = true;
    thread.interrupt();
    try {
      thread.join(2L * LAST_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
