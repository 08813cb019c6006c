/** The keys of Kapal's own configuration, as data, and what was set. */
@NullMarked
package dev.kapal.config.schema;

import org.jspecify.annotations.NullMarked;
