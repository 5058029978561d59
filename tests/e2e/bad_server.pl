#!/usr/bin/env perl
# A server that misbehaves in one way, for the tests of bad surroundings. It answers the model list properly
# (unless it is told not to), so that what follows is the load's problem.
#
# usage: bad_server.pl close|garbage|silent|error|refuse-models
# Prints "port N" when it listens, and ends with its standard input.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

my $manner = shift // die "which manner?\n";
my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 64, ReuseAddr => 1) or die "listen: $!\n";
$| = 1;
$SIG{PIPE} = "IGNORE";
print "port ", $listener->sockport, "\n";

sub answer {
  my ($status, $type, $body) = @_;
  return "HTTP/1.1 $status\r\nContent-Type: $type\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
}

my $chunk = 'data: {"id":"c","object":"text_completion","choices":[{"index":0,"text":" a","finish_reason":null}]}' . "\n\n";
my $stream_head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
my %reply = (
  close   => $stream_head . sprintf("%x\r\n%s\r\n", length $chunk, $chunk) x 3,
  garbage => "\x00\xff\x13 this is no HTTP at all \x7f\r\n\r\n",
  silent  => "",
  error   => answer("500 Internal Server Error", "application/json", '{"error":{"message":"out of cheese","code":500}}'),
);
my $models = answer("200 OK", "application/json", '{"object":"list","data":[{"id":"m","object":"model"}]}');

my $select = IO::Select->new($listener, \*STDIN);
my %request;
while (1) {
  for my $ready ($select->can_read) {
    if ($ready == \*STDIN) { exit 0 unless sysread(STDIN, my $ignored, 4096); next }
    if ($ready == $listener) { my $client = $listener->accept; $select->add($client) if $client; next }
    if (!sysread($ready, $request{$ready}, 65536, length($request{$ready} // ""))) {
      $select->remove($ready); delete $request{$ready}; close $ready; next;
    }
    next unless $request{$ready} =~ /\r\n\r\n/;
    my ($length) = $request{$ready} =~ /content-length: *(\d+)/i;
    next if length($request{$ready}) - index($request{$ready}, "\r\n\r\n") - 4 < ($length // 0);
    my $get = $request{$ready} =~ /^GET/;
    delete $request{$ready};
    if ($get && $manner ne "refuse-models") { syswrite($ready, $models); next }
    next if $manner eq "silent";
    syswrite($ready, $reply{$manner} // answer("404 Not Found", "text/plain", "no"));
    $select->remove($ready); close $ready;
  }
}
