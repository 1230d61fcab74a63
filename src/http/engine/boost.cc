// What Asio and Beast need compiled once; everything else of them is headers.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
