package dev.kapal.engine.core;

import dev.kapal.engine.Event;
import dev.kapal.engine.Events;
import dev.kapal.engine.Filters;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The events in memory: a ring of the last ones, and a bounded queue for each subscriber. A
 * subscriber that does not keep up loses the oldest events of its own queue, and nobody else any.
 */
final class EventLog implements Events {
  private static final int QUEUE = 65_536;

  private final int capacity;
  private final Deque<Event> ring = new ArrayDeque<>();
  private final List<Queue> queues = new CopyOnWriteArrayList<>();
  private long sequence;
  private volatile Consumer<Event> listener = event -> {};

  EventLog(int capacity) {
    this.capacity = Math.max(16, capacity);
  }

  void publish(String type, String action, String actor, Map<String, String> attributes) {
    synchronized (ring) {
      Event e =
          new Event(
              ++sequence,
              Instant.now(),
              type,
              action,
              actor,
              java.util.Collections.unmodifiableMap(new LinkedHashMap<>(attributes)));
      if (ring.size() == capacity) {
        ring.removeFirst();
      }
      ring.addLast(e);
      for (Queue q : queues) {
        q.offer(e);
      }
      listener.accept(e);
    }
  }

  /** Has one more hear all events, as they are told. */
  void hears(Consumer<Event> other) {
    listener = other;
  }

  @Override
  public Subscription subscribe(Optional<Instant> since, Optional<Instant> until, Filters filters) {
    filters.allowOnly(
        "type", "event", "container", "image", "volume", "network", "label", "daemon", "scope");
    Queue q = new Queue(filters, until);
    synchronized (ring) {
      if (since.isPresent()) {
        for (Event e : ring) {
          if (!e.time().isBefore(since.get())) {
            q.offer(e);
          }
        }
      }
      queues.add(q);
    }
    return q;
  }

  void close() {
    for (Queue q : queues) {
      q.close();
    }
  }

  static boolean matches(Event e, Filters f) {
    return any(f, "type", e.type())
        && (f.values("event").isEmpty()
            || f.values("event").stream()
                .anyMatch(v -> e.action().equals(v) || e.action().startsWith(v + ":")))
        && actor(e, f, "container")
        && actor(e, f, "volume")
        && actor(e, f, "network")
        && image(e, f)
        && f.values("label").stream().allMatch(l -> label(e, l));
  }

  private static boolean any(Filters f, String key, String value) {
    return f.values(key).isEmpty() || f.values(key).contains(value);
  }

  private static boolean actor(Event e, Filters f, String type) {
    List<String> values = f.values(type);
    if (values.isEmpty()) {
      return true;
    }
    if (!e.type().equals(type)) {
      return type.equals("container") && values.contains(e.attributes().get("container"));
    }
    return values.stream()
        .anyMatch(v -> e.actor().startsWith(v) || v.equals(e.attributes().get("name")));
  }

  private static boolean image(Event e, Filters f) {
    List<String> values = f.values("image");
    return values.isEmpty()
        || values.stream()
            .anyMatch(v ->
                (e.type().equals("image") && e.actor().startsWith(v))
                    || v.equals(e.attributes().get("image"))
                    || (e.type().equals("image") && v.equals(e.attributes().get("name"))));
  }

  private static boolean label(Event e, String term) {
    int eq = term.indexOf('=');
    return eq < 0
        ? e.attributes().containsKey(term)
        : term.substring(eq + 1).equals(e.attributes().get(term.substring(0, eq)));
  }

  private final class Queue implements Subscription {
    private final Filters filters;
    private final Optional<Instant> until;
    private final LinkedBlockingQueue<Optional<Event>> events = new LinkedBlockingQueue<>();
    private volatile boolean closed;

    Queue(Filters filters, Optional<Instant> until) {
      this.filters = filters;
      this.until = until;
    }

    void offer(Event e) {
      if (closed || !matches(e, filters) || until.map(u -> e.time().isAfter(u)).orElse(false)) {
        return;
      }
      while (events.size() >= QUEUE) {
        events.poll();
      }
      events.add(Optional.of(e));
    }

    @Override
    public Optional<Event> next() throws InterruptedException {
      while (true) {
        Optional<Event> e = next(Duration.ofMinutes(1));
        if (e.isPresent() || ended()) {
          return e;
        }
      }
    }

    @Override
    public Optional<Event> next(Duration timeout) throws InterruptedException {
      Duration wait = timeout;
      if (until.isPresent()) {
        Duration left = Duration.between(Instant.now(), until.get());
        wait = left.isNegative() ? Duration.ZERO : left.compareTo(wait) < 0 ? left : wait;
      }
      Optional<Event> e = events.poll(Math.max(0, wait.toNanos()), TimeUnit.NANOSECONDS);
      return e == null ? Optional.empty() : e;
    }

    @Override
    public boolean ended() {
      return events.isEmpty()
          && (closed || until.map(u -> !Instant.now().isBefore(u)).orElse(false));
    }

    @Override
    public void close() {
      queues.remove(this);
      closed = true;
      events.add(Optional.empty());
    }
  }
}
