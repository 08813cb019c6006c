/** End-to-end tests: a real daemon over folders of its own, the real client, seen from outside. */
package dev.kapal.it;
