// A row of cups on the counter, wide format.
#version 3.7;
#ifndef (Depth) #declare Depth=0; #end
#include "materials_coffee.inc"
Globals(70,.9)
Room(RGB8(120,100,84)*.7,RGB8(215,208,200)*.9)
#declare Eye=<-17,15.5,-36>; #declare Look=<-.5,3.4,0>;
camera { location Eye look_at Look right x*image_width/image_height up y angle 49 }
WindowLight(<-50,56,52>,<0,4,0>,2.35,RGB8(255,243,226),46)
#if (!Depth) light_source { <40,50,-60> rgb RGB8(255,200,150)*.2 shadowless } #end
BackWall(95,RGB8(78,60,48),RGB8(158,130,104))
Bokeh(18,<18,12,82>,120,34,3,6,RGB8(255,190,110),14)
object { Table(RGB8(184,154,120),RGB8(152,120,86),RGB8(92,66,46),12,.04,9) rotate y*-20 }
#macro OneCup(Col,Px,Pz,Turn,Kind)
  union {
    object { Saucer Stoneware(Col,ClayCol,0) }
    union { object { Cup_Body } object { Cup_Handle } Stoneware(Col,ClayCol,1.2) rotate y*Turn translate y*.62 }
    #if (Kind=0) object { Latte(4.26,Turn*.4) translate y*(.62+5.68) }
    #else #if (Kind=1) object { Espresso(4.24) translate y*(.62+5.6) } #else object { BlackCoffee(4.22) translate y*(.62+5.5) } #end #end
    translate <Px,0,Pz>
  }
#end
OneCup(RGB8(236,228,214),-8,-4,38,0)
OneCup(RGB8(186,112,84),8.2,3.2,30,1)
OneCup(RGB8(52,82,74),24.4,10.4,24,2)
OneCup(RGB8(222,178,110),40.6,17.6,24,0)
object { Steam(8,13,.45,4.4) translate <-8,6.6,-3> }
Heap(<-21,0,2>,7,5.5,2.2,3)
Scatter(40,<-14,0,-8>,9.5,6.5,4)
